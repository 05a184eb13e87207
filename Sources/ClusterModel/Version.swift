/// A 64-bit hybrid logical clock reading: milliseconds since 1970 in the upper 48 bits, a counter in the lower 16 (VER-001).
public struct Stamp: Hashable, Sendable, Comparable {
    public var value: UInt64
    public init(_ value: UInt64) { self.value = value }

    public init(milliseconds: UInt64, counter: UInt16 = 0) {
        value = milliseconds << 16 | UInt64(counter)
    }

    public static let zero = Stamp(0)
    public var milliseconds: UInt64 { value >> 16 }
    public static func < (a: Stamp, b: Stamp) -> Bool { a.value < b.value }
}

/// Names one operation on one table for ever: who wrote it and its number in that writer's sequence, from 1 (VER-002).
public struct Dot: Hashable, Sendable, Comparable {
    public var origin: Origin
    public var sequence: UInt64

    public init(origin: Origin, sequence: UInt64) {
        self.origin = origin
        self.sequence = sequence
    }

    public static func < (a: Dot, b: Dot) -> Bool {
        a.origin == b.origin ? a.sequence < b.sequence : a.origin < b.origin
    }
}

/// The version of a row. The order (stamp, origin, sequence) decides which of two writes wins (VER-005).
public struct RowVersion: Hashable, Sendable, Comparable {
    public var stamp: Stamp
    public var dot: Dot

    public init(stamp: Stamp, dot: Dot) {
        self.stamp = stamp
        self.dot = dot
    }

    public static func < (a: RowVersion, b: RowVersion) -> Bool {
        a.stamp == b.stamp ? a.dot < b.dot : a.stamp < b.stamp
    }
}

/// A hybrid logical clock that never runs backwards (VER-001, VER-003).
public struct HybridClock: Hashable, Sendable {
    /// The highest stamp that this node has issued or seen.
    public private(set) var latest: Stamp

    /// - Parameter bound: the bound kept on disk; every stamp issued from now on is above it (VER-003).
    public init(bound: Stamp = .zero) { latest = bound }

    /// A stamp above every stamp issued or seen so far.
    /// - Parameter milliseconds: the system clock, milliseconds since 1970.
    public mutating func issue(at milliseconds: UInt64) -> Stamp {
        // At the end of the numbers it stands still: a stamp that somebody else made up must not stop this node.
        latest = max(Stamp(latest.value == .max ? .max : latest.value + 1), Stamp(milliseconds: milliseconds))
        return latest
    }

    /// Takes note of a stamp that another node issued.
    public mutating func observe(_ stamp: Stamp) {
        latest = max(latest, stamp)
    }
}
