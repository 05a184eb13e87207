/// One direction of a flow.
struct StreamEnd {
    struct State: OptionSet {
        let rawValue: UInt8

        /// `next` holds.
        static let started = State(rawValue: 1)
        /// `sink.ended` was called.
        static let ended = State(rawValue: 2)
        /// Something is held back.
        static let holding = State(rawValue: 4)
        /// FIN came; it waits for the bytes before it.
        static let finishing = State(rawValue: 8)
        /// `next` is what the other side said it expects, nothing was heard of this one.
        static let guessed = State(rawValue: 16)
        /// Ended by its own FIN or RST.
        static let saidSo = State(rawValue: 32)
        /// A segment came that is too far away; `jump` holds.
        static let jumped = State(rawValue: 64)
        /// Bytes or gaps were told.
        static let told = State(rawValue: 128)
    }

    var state: State = []
    /// The sequence number of the next byte to tell.
    var next: UInt32 = 0
    /// The sequence number of the first byte.
    var first: UInt32 = 0
    /// How many bytes come before `next`, told and lost ones; and how many the other side has acknowledged. Unlike the numbers of
    /// TCP these do not wrap: a capture of one direction alone has no acknowledgement for gigabytes.
    var offset = 0
    var acknowledged = 0
    /// The sequence number of the FIN.
    var finish: UInt32 = 0
    /// Where a segment that was too far away ended.
    var jump: UInt32 = 0
    var held = HeldSegments()
    /// Neighbours in `WaitingEnds`; -1 for none.
    var waitsBefore: Int32 = -1
    var waitsAfter: Int32 = -1

    /// Whether a segment without SYN, FIN or RST that comes in turn can be told as it is.
    @inline(__always)
    var isPlain: Bool { state.isDisjoint(with: [.ended, .holding, .finishing, .guessed]) && state.contains(.started) }

    var isOpen: Bool { !state.contains(.ended) }

    /// How far a sequence number is after `next`; negative for before.
    @inline(__always)
    func distance(_ sequence: UInt32) -> Int { Int(Int32(bitPattern: sequence &- next)) }

    /// Passes over the next bytes.
    @inline(__always)
    mutating func advance(_ count: Int) {
        next &+= UInt32(truncatingIfNeeded: count)
        offset += count
    }

    @inline(__always)
    mutating func acknowledge(_ sequence: UInt32) {
        let distance = distance(sequence)
        if distance <= Self.farthest, offset + distance > acknowledged { acknowledged = offset + distance }
    }

    /// The largest window there is (RFC 7323, section 2.3).
    static let farthest = 1 << 30

    mutating func start(at sequence: UInt32, isGuess: Bool = false) {
        state.insert(.started)
        if isGuess { state.insert(.guessed) } else { state.remove(.guessed) }
        next = sequence
        first = sequence
        acknowledged = offset
    }
}
