/// SHA-256, HMAC and HKDF, written from their definitions for the worked example: the tests need no other package.
enum SHA256 {
    private static let constants: [UInt32] = primes(64).map { fraction(ofCubeRoot: $0) }
    private static let start: [UInt32] = primes(8).map { fraction(ofSquareRoot: $0) }

    static func hash(_ message: [UInt8]) -> [UInt8] {
        var state = start
        var padded = message + [0x80]
        while padded.count % 64 != 56 { padded.append(0) }
        let bits = UInt64(message.count) * 8
        padded += (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) }
        for block in stride(from: 0, to: padded.count, by: 64) { compress(Array(padded[block..<block + 64]), &state) }
        return state.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(24 - 8 * $0)) } }
    }

    static func authenticationCode(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var block = key.count > 64 ? hash(key) : key
        block += [UInt8](repeating: 0, count: 64 - block.count)
        return hash(block.map { $0 ^ 0x5C } + hash(block.map { $0 ^ 0x36 } + message))
    }

    /// HKDF-Expand for one block of output.
    static func expand(_ key: [UInt8], info: [UInt8]) -> [UInt8] { authenticationCode(info + [1], key: key) }

    private static func compress(_ block: [UInt8], _ state: inout [UInt32]) {
        var words = (0..<16).map { i in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(block[4 * i + $1]) } }
        for i in 16..<64 {
            let a = words[i - 15].rotated(7) ^ words[i - 15].rotated(18) ^ words[i - 15] >> 3
            let b = words[i - 2].rotated(17) ^ words[i - 2].rotated(19) ^ words[i - 2] >> 10
            words.append(words[i - 16] &+ a &+ words[i - 7] &+ b)
        }
        var v = state
        for i in 0..<64 {
            let choice = (v[4] & v[5]) ^ (~v[4] & v[6])
            let majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])
            let first = v[7] &+ (v[4].rotated(6) ^ v[4].rotated(11) ^ v[4].rotated(25)) &+ choice &+ constants[i] &+ words[i]
            let second = (v[0].rotated(2) ^ v[0].rotated(13) ^ v[0].rotated(22)) &+ majority
            v = [first &+ second, v[0], v[1], v[2], v[3] &+ first, v[4], v[5], v[6]]
        }
        for i in 0..<8 { state[i] &+= v[i] }
    }

    private static func primes(_ count: Int) -> [Int] {
        var found: [Int] = []
        var candidate = 2
        while found.count < count {
            if found.allSatisfy({ candidate % $0 != 0 }) { found.append(candidate) }
            candidate += 1
        }
        return found
    }

    /// The first 32 bits behind the point of the root, found in integers so that nothing is rounded.
    private static func fraction(ofSquareRoot number: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: largest { root in root * root <= UInt128(number) << 64 })
    }

    private static func fraction(ofCubeRoot number: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: largest { root in root * root * root <= UInt128(number) << 96 })
    }

    private static func largest(_ fits: (UInt128) -> Bool) -> UInt128 {
        var result: UInt128 = 0
        for bit in (0..<37).reversed() where fits(result | 1 << UInt128(bit)) { result |= 1 << UInt128(bit) }
        return result
    }
}

extension UInt32 {
    fileprivate func rotated(_ count: UInt32) -> UInt32 { self >> count | self << (32 - count) }
}
