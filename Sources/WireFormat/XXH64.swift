/// XXH64, the public 64-bit hash (VER-020). Not a defence against chosen keys: it places rows and compares copies.
public enum XXH64 {
    /// Reads raw memory: this runs for every row that is written, sent or compared.
    public static func hash(_ bytes: Span<UInt8>, seed: UInt64 = 0) -> UInt64 {
        unsafe bytes.withUnsafeBytes { buffer in
            var cursor = 0
            var hash: UInt64
            if buffer.count >= 32 {
                unsafe hash = stripes(buffer, seed, &cursor)
            } else {
                hash = seed &+ prime5
            }
            hash = hash &+ UInt64(truncatingIfNeeded: buffer.count)
            return unsafe avalanche(tail(buffer, from: cursor, hash))
        }
    }

    /// The hash of a 128-bit value as its 16 bytes.
    static func hash(_ value: UInt128, seed: UInt64) -> UInt64 {
        var hash = seed &+ prime5 &+ 16
        hash = mix(hash, UInt64(truncatingIfNeeded: value >> 64).byteSwapped)
        hash = mix(hash, UInt64(truncatingIfNeeded: value).byteSwapped)
        return avalanche(hash)
    }

    /// The hash with seed 0 of six integers, big-endian one behind the other: a row digest, without going through memory.
    @inline(__always)
    static func hash(
        _ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64, _ e: UInt64, _ f: UInt64
    ) -> UInt64 {
        var hash = joined(
            round(prime1 &+ prime2, a.byteSwapped), round(prime2, b.byteSwapped), round(0, c.byteSwapped),
            round(0 &- prime1, d.byteSwapped))
        hash = mix(mix(hash &+ 48, e.byteSwapped), f.byteSwapped)
        return avalanche(hash)
    }

    private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
    private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
    private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
    private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
    private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

    @inline(__always)
    private static func rotated(_ value: UInt64, by bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 &- bits) }

    @inline(__always)
    private static func round(_ accumulator: UInt64, _ lane: UInt64) -> UInt64 {
        rotated(accumulator &+ lane &* prime2, by: 31) &* prime1
    }

    @inline(__always)
    private static func mix(_ hash: UInt64, _ lane: UInt64) -> UInt64 {
        rotated(hash ^ round(0, lane), by: 27) &* prime1 &+ prime4
    }

    @inline(__always)
    private static func load(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private static func stripes(_ buffer: UnsafeRawBufferPointer, _ seed: UInt64, _ cursor: inout Int) -> UInt64 {
        var v1 = seed &+ prime1 &+ prime2
        var v2 = seed &+ prime2
        var v3 = seed
        var v4 = seed &- prime1
        while buffer.count &- cursor >= 32 {
            unsafe v1 = round(v1, load(buffer, cursor))
            unsafe v2 = round(v2, load(buffer, cursor &+ 8))
            unsafe v3 = round(v3, load(buffer, cursor &+ 16))
            unsafe v4 = round(v4, load(buffer, cursor &+ 24))
            cursor &+= 32
        }
        return joined(v1, v2, v3, v4)
    }

    @inline(__always)
    private static func joined(_ v1: UInt64, _ v2: UInt64, _ v3: UInt64, _ v4: UInt64) -> UInt64 {
        var hash = rotated(v1, by: 1) &+ rotated(v2, by: 7) &+ rotated(v3, by: 12) &+ rotated(v4, by: 18)
        hash = (hash ^ round(0, v1)) &* prime1 &+ prime4
        hash = (hash ^ round(0, v2)) &* prime1 &+ prime4
        hash = (hash ^ round(0, v3)) &* prime1 &+ prime4
        return (hash ^ round(0, v4)) &* prime1 &+ prime4
    }

    @inline(__always)
    private static func tail(_ buffer: UnsafeRawBufferPointer, from start: Int, _ initial: UInt64) -> UInt64 {
        var hash = initial
        var cursor = start
        while buffer.count &- cursor >= 8 {
            unsafe hash = mix(hash, load(buffer, cursor))
            cursor &+= 8
        }
        if buffer.count &- cursor >= 4 {
            let lane = unsafe UInt32(littleEndian: buffer.loadUnaligned(fromByteOffset: cursor, as: UInt32.self))
            hash = rotated(hash ^ (UInt64(lane) &* prime1), by: 23) &* prime2 &+ prime3
            cursor &+= 4
        }
        while cursor < buffer.count {
            unsafe hash = rotated(hash ^ (UInt64(buffer[cursor]) &* prime5), by: 11) &* prime1
            cursor &+= 1
        }
        return hash
    }

    @inline(__always)
    private static func avalanche(_ value: UInt64) -> UInt64 {
        var hash = value
        hash = (hash ^ hash &>> 33) &* prime2
        hash = (hash ^ hash &>> 29) &* prime3
        return hash ^ hash &>> 32
    }
}
