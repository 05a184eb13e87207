/// The rows of every measurement: the same number, size and seed give the same bytes here and in the drivers of the peers.
///
/// Half of a value are field names that repeat, half are digits that look random: about what telemetry compresses to.
struct Workload: Hashable, Sendable {
    static let seed: UInt64 = 42
    static let smallestValue = 56
    private static let golden: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let sensors: [[UInt8]] = [
        "temperature", "humidity", "pressure", "battery", "voltage", "current", "vibration", "luminance",
    ].map { Array($0.utf8) }
    private static let states: [[UInt8]] = ["ok", "ok", "ok", "ok", "ok", "idle", "warn", "fail"].map { Array($0.utf8) }
    private static let digits = Array("0123456789abcdef".utf8)

    var valueBytes = 64
    var seed = Workload.seed

    /// `device/00001234/sensor/temperature`: 30 to 35 bytes, 32 on average.
    func key(_ number: Int) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(40)
        key += "device/".utf8
        Self.append(UInt64(number >> 3), width: 8, to: &key)
        key += "/sensor/".utf8
        key += Self.sensors[number & 7]
        return key
    }

    /// Exactly `valueBytes` bytes. Below `smallestValue` a part of the pseudo-random digits.
    func value(_ number: Int) -> [UInt8] {
        let start = Self.mix(seed &+ UInt64(number + 1) &* Self.golden)
        guard valueBytes >= Self.smallestValue else {
            var value: [UInt8] = []
            Self.appendHexadecimal(start, count: valueBytes, to: &value)
            return value
        }
        var value = head(start)
        var field: UInt64 = 0
        while value.count + 12 <= valueBytes - 40 {
            let number = Self.mix(start &+ (3 &+ field) &* Self.golden) % 10_000
            value += ",\"m".utf8
            Self.append(field, width: 2, to: &value)
            value += "\":".utf8
            Self.append(number / 100, width: 2, to: &value)
            value.append(UInt8(ascii: "."))
            Self.append(number % 100, width: 2, to: &value)
            field += 1
        }
        value += ",\"h\":\"".utf8
        Self.appendHexadecimal(start, count: valueBytes - value.count - 2, to: &value)
        value += "\"}".utf8
        return value
    }

    private func head(_ start: UInt64) -> [UInt8] {
        let second = Self.mix(start &+ Self.golden)
        let third = Self.mix(start &+ 2 &* Self.golden)
        let reading = second % 10_000
        var value: [UInt8] = []
        value.reserveCapacity(valueBytes)
        value += "{\"ts\":".utf8
        Self.append(1_700_000_000 + start % 86_400, width: 1, to: &value)
        value += ",\"v\":".utf8
        Self.append(reading / 100, width: 1, to: &value)
        value.append(UInt8(ascii: "."))
        Self.append(reading % 100, width: 2, to: &value)
        value += ",\"q\":".utf8
        Self.append(third % 3, width: 1, to: &value)
        value += ",\"st\":\"".utf8
        value += Self.states[Int(third >> 8 & 7)]
        value.append(UInt8(ascii: "\""))
        return value
    }

    private static func appendHexadecimal(_ start: UInt64, count: Int, to bytes: inout [UInt8]) {
        var word: UInt64 = 0
        for index in 0..<max(count, 0) {
            if index.isMultiple(of: 16) { word = mix(start &+ UInt64(100 + index / 16) &* golden) }
            bytes.append(digits[Int(word >> UInt64(60 - 4 * (index % 16)) & 15)])
        }
    }

    private static func append(_ number: UInt64, width: Int, to bytes: inout [UInt8]) {
        let place = bytes.count
        var rest = number
        var count = 0
        repeat {
            bytes.insert(UInt8(ascii: "0") + UInt8(rest % 10), at: place)
            rest /= 10
            count += 1
        } while rest > 0 || count < width
    }

    /// The finisher of SplitMix64.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
