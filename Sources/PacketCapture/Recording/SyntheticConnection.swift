/// The packets that would have carried the bytes of one connection: IP and TCP with right sequence numbers and checksums, so that
/// tools that know only packets show what was recorded above them.
///
/// The receiver's acknowledgements are made up too: one after every few segments, and one for each FIN.
struct SyntheticConnection {
    struct Flags: OptionSet {
        let rawValue: UInt8
        static let fin = Flags(rawValue: 1)
        static let syn = Flags(rawValue: 2)
        static let reset = Flags(rawValue: 4)
        static let push = Flags(rawValue: 8)
        static let acknowledgement = Flags(rawValue: 16)
    }

    private struct End {
        let endpoint: Endpoint
        /// Sequence number of the byte that it sends next.
        var next: UInt32
        /// Segments that the other end has not acknowledged.
        var unacknowledged = 0
        var identification: UInt16 = 0
        var hasEnded = false
    }

    /// Bytes of one segment: with the headers not more than the 65535 of an IPv4 packet.
    static let segmentLimit = 65_000
    /// What an acknowledgement comes after. In flight is so never more than the window.
    private static let segmentsInFlight = 16
    /// Largest jump over lost bytes: half of this away numbers would be taken for older ones.
    private static let jumpLimit = 1 << 30
    private static let window: UInt16 = 0xffff
    /// Window times 256, which are the 16 MiB that `segmentsInFlight` need; and the segment size of the loopback interface.
    private static let options: [UInt8] = [2, 4, 0xff, 0xd7, 1, 3, 3, 8]

    private var forward: End
    private var backward: End
    /// RST was sent: nothing can follow.
    private var isReset = false
    private let isIPv6: Bool

    /// - Parameter initialSequence: of `first`; that of `second` is derived from it.
    init(from first: Endpoint, to second: Endpoint, initialSequence: UInt32) {
        isIPv6 = first.address.isIPv6 || second.address.isIPv6
        forward = End(endpoint: first, next: initialSequence)
        backward = End(endpoint: second, next: initialSequence &* 0x9e37_79b1 &+ 0x7f4a_7c15)
    }

    /// Both directions have ended: there will be no more packets.
    var isOver: Bool { isReset || forward.hasEnded && backward.hasEnded }

    // MARK: What happens

    mutating func open(at time: Timestamp, into output: inout Output) throws(RecordingError) {
        try send(.syn, .forward, at: time, into: &output)
        self[.forward].next &+= 1
        try send([.syn, .acknowledgement], .backward, at: time, into: &output)
        self[.backward].next &+= 1
        try send(.acknowledgement, .forward, at: time, into: &output)
    }

    mutating func send(
        _ bytes: Span<UInt8>, _ direction: Direction, at time: Timestamp, into output: inout Output
    ) throws(RecordingError) {
        guard !isReset, !self[direction].hasEnded else { return }
        var offset = 0
        while offset < bytes.count {
            let count = min(bytes.count - offset, Self.segmentLimit)
            let isLast = offset + count == bytes.count
            let segment = bytes.extracting(offset..<offset + count)
            try send(isLast ? [.push, .acknowledgement] : .acknowledgement, direction, segment, at: time, into: &output)
            self[direction].next &+= UInt32(count)
            self[direction].unacknowledged += 1
            if self[direction].unacknowledged == Self.segmentsInFlight {
                try send(.acknowledgement, direction.opposite, at: time, into: &output)
            }
            offset += count
        }
    }

    /// Bytes that passed and are not here: what comes next has the sequence numbers behind them.
    mutating func skip(_ count: Int, _ direction: Direction) {
        self[direction].next &+= UInt32(min(max(count, 1), Self.jumpLimit))
    }

    mutating func finish(_ direction: Direction, at time: Timestamp, into output: inout Output) throws(RecordingError) {
        guard !isReset, !self[direction].hasEnded else { return }
        try send([.fin, .acknowledgement], direction, at: time, into: &output)
        self[direction].next &+= 1
        self[direction].hasEnded = true
        try send(.acknowledgement, direction.opposite, at: time, into: &output)
    }

    /// - Parameter direction: whose sender resets.
    mutating func reset(_ direction: Direction, at time: Timestamp, into output: inout Output) throws(RecordingError) {
        guard !isOver else { return }
        try send([.reset, .acknowledgement], direction, at: time, into: &output)
        isReset = true
    }

    private subscript(direction: Direction) -> End {
        get { direction == .forward ? forward : backward }
        set { if direction == .forward { forward = newValue } else { backward = newValue } }
    }
}

// MARK: Packets

extension SyntheticConnection {
    /// Where packets go, with room to make their headers in.
    struct Output: ~Copyable {
        var writer: PcapngWriter
        fileprivate var head: [UInt8] = []

        init(_ writer: consuming PcapngWriter) { self.writer = writer }

        consuming func finish(dropped: Int, comment: String) throws(RecordingError) {
            try writer.finish(dropped: dropped, comment: comment)
        }
    }

    private mutating func send(
        _ flags: Flags, _ direction: Direction, at time: Timestamp, into output: inout Output
    ) throws(RecordingError) {
        try send(flags, direction, Span<UInt8>(), at: time, into: &output)
    }

    private mutating func send(
        _ flags: Flags, _ direction: Direction, _ payload: Span<UInt8>, at time: Timestamp, into output: inout Output
    ) throws(RecordingError) {
        output.head.removeAll(keepingCapacity: true)
        let options = flags.contains(.syn) ? Self.options : []
        let length = 20 + options.count + payload.count
        appendInternetHeader(direction, length: length, to: &output.head)
        let start = output.head.count
        appendSegmentHeader(flags, direction, options: options, to: &output.head)
        var sum = OnesComplementSum()
        sum.add(pseudoHeader(direction, length: length).span)
        sum.add(output.head.span.extracting(droppingFirst: start))
        sum.add(payload)
        output.head.set(sum.checksum, at: start + 16)
        if flags.contains(.acknowledgement) { self[direction.opposite].unacknowledged = 0 }
        try output.writer.packet(at: time, head: output.head, payload: payload)
    }

    private mutating func appendInternetHeader(_ direction: Direction, length: Int, to head: inout [UInt8]) {
        if isIPv6 {
            head.appendBigEndian(UInt32(0x6000_0000))
            head.appendBigEndian(UInt16(length))
            // TCP, and the hop limit.
            head.append(contentsOf: [6, 64])
            appendAddresses(direction, to: &head)
            return
        }
        let start = head.count
        head.append(contentsOf: [0x45, 0])
        head.appendBigEndian(UInt16(20 + length))
        head.appendBigEndian(self[direction].identification)
        self[direction].identification &+= 1
        // Not to be fragmented; time to live, TCP, checksum.
        head.append(contentsOf: [0x40, 0, 64, 6, 0, 0])
        appendAddresses(direction, to: &head)
        var sum = OnesComplementSum()
        sum.add(head.span.extracting(droppingFirst: start))
        head.set(sum.checksum, at: start + 10)
    }

    private func appendSegmentHeader(_ flags: Flags, _ direction: Direction, options: [UInt8], to head: inout [UInt8]) {
        let (sender, receiver) = (self[direction], self[direction.opposite])
        head.appendBigEndian(sender.endpoint.port)
        head.appendBigEndian(receiver.endpoint.port)
        head.appendBigEndian(sender.next)
        head.appendBigEndian(flags.contains(.acknowledgement) ? receiver.next : 0)
        head.append(UInt8((20 + options.count) / 4) << 4)
        head.append(flags.rawValue)
        head.appendBigEndian(Self.window)
        // Checksum and urgent pointer.
        head.append(contentsOf: [0, 0, 0, 0])
        head.append(contentsOf: options)
    }

    private func pseudoHeader(_ direction: Direction, length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        appendAddresses(direction, to: &bytes)
        bytes.appendBigEndian(UInt32(length))
        bytes.appendBigEndian(UInt32(6))
        return bytes
    }

    private func appendAddresses(_ direction: Direction, to bytes: inout [UInt8]) {
        for end in [direction, direction.opposite] {
            let address = self[end].endpoint.address
            if isIPv6 {
                bytes.appendBigEndian(address.high)
                bytes.appendBigEndian(address.isIPv6 ? address.low : 0xffff << 32 | address.low)
            } else {
                bytes.appendBigEndian(UInt32(truncatingIfNeeded: address.low))
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian<Integer: FixedWidthInteger>(_ value: Integer) {
        for shift in stride(from: Integer.bitWidth - 8, through: 0, by: -8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    fileprivate mutating func set(_ value: UInt16, at offset: Int) {
        self[offset] = UInt8(value >> 8)
        self[offset + 1] = UInt8(truncatingIfNeeded: value)
    }
}
