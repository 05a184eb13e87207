/// SplitMix64: the same numbers from the same seed on every machine.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
    mutating func flag() -> Bool { Bool.random(using: &self) }

    /// Small values, large values and the edges, all of them often.
    mutating func number<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T {
        switch below(5) {
        case 0: T.max
        case 1: T.min
        case 2: T(truncatingIfNeeded: below(100))
        default: T(truncatingIfNeeded: (UInt128(next()) << 64) | UInt128(next()))
        }
    }

    mutating func bytes(upTo count: Int) -> [UInt8] {
        let isText = flag()
        return (0..<below(count + 1)).map { _ in isText ? UInt8(97 + below(3)) : UInt8(truncatingIfNeeded: next()) }
    }

    mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }

    mutating func list<T>(upTo count: Int, _ make: (inout SeededGenerator) -> T) -> [T] {
        (0..<below(count + 1)).map { _ in make(&self) }
    }
}
