import PacketCapture

/// Segments of four connections. After a byte that chooses the bounds, five bytes each: which connection, direction and scale;
/// flags; position; length; acknowledgement.
///
/// Each byte of data is the lower eight bits of its sequence number, so copies never differ and order can be checked.
struct SegmentScript {
    private var bounds: Reassembler.Bounds
    private var steps: ArraySlice<UInt8>
    /// Where each direction of each connection is: forward and backward by turns.
    private var cursors: [UInt32] = [0, 77, .max - 40, 0x7fff_ffe0, 0x8000_0000, .max, 5, 12_345]
    private var packets = 0

    init(_ bytes: [UInt8]) {
        bounds = Self.bounds(bytes.first ?? 0)
        steps = bytes.dropFirst()
    }

    static func bounds(_ choice: UInt8) -> Reassembler.Bounds {
        choice & 1 == 0
            ? .defaults
            : Reassembler.Bounds(flows: 1 + Int(choice >> 5), heldSegments: 3, heldBytes: 400, heldBytesAltogether: 600)
    }

    mutating func run() {
        var reassembler = Reassembler(bounds: bounds)
        let sink = CheckingSink(isCounting: true)
        while steps.count >= 5 {
            let packet = nextPacket()
            reassembler.take(packet.head, packet.bytes.span, into: sink)
            CaptureInput.check(reassembler, bounds)
        }
        CaptureInput.finish(&reassembler, sink)
        precondition(reassembler.counters.conflictingBytes == 0, "copies differ")
    }

    private mutating func nextPacket() -> (head: PacketHead, bytes: [UInt8]) {
        let (choice, flags) = (steps.removeFirst(), steps.removeFirst())
        let (position, size) = (Int8(bitPattern: steps.removeFirst()), Int(steps.removeFirst()))
        // Seldom long: what matters is where segments begin and end.
        let length = size < 240 ? size & 15 : size
        let acknowledged = Int8(bitPattern: steps.removeFirst())
        let connection = Int(choice & 3)
        let isBackward = choice & 4 != 0
        let own = connection * 2 + (isBackward ? 1 : 0)
        let scale = [0, 6, 20, 25][Int(choice >> 3 & 3)]
        let sequence = cursors[own] &+ UInt32(truncatingIfNeeded: Int(position) << scale)
        let acknowledgement = cursors[own ^ 1] &+ UInt32(truncatingIfNeeded: Int(acknowledged))
        let first = flags & 2 == 0 ? sequence : sequence &+ 1
        let data = (0..<length).map { UInt8(truncatingIfNeeded: first &+ UInt32($0)) }
        if choice & 64 != 0 { cursors[own] = first &+ UInt32(length) &+ UInt32(flags & 1) }
        let ports: [UInt8] = [UInt8(40 + connection), 0, 28, 233]
        let tcp =
            (isBackward ? Array(ports[2...] + ports[..<2]) : ports) + bigEndian(sequence) + bigEndian(acknowledgement)
            + [0x50, flags, 1, 0, 0, 0, 0, 0] + data
        let cutOff = choice & 32 == 0 ? 0 : min(length, 1 + length / 2)
        packets += 1
        let bytes = connection == 3 ? version6(tcp, isBackward) : version4(tcp, isBackward)
        let head = PacketHead(
            time: Timestamp(nanoseconds: Int64(packets)), linkType: .raw, originalLength: bytes.count, number: packets)
        return (head, Array(bytes.dropLast(cutOff)))
    }

    private func version4(_ tcp: [UInt8], _ isBackward: Bool) -> [UInt8] {
        let hosts: [UInt8] = isBackward ? [10, 0, 0, 2, 10, 0, 0, 1] : [10, 0, 0, 1, 10, 0, 0, 2]
        return [0x45, 0] + bigEndian(UInt16(20 + tcp.count)) + [0, 0, 0, 0, 64, 6, 0, 0] + hosts + tcp
    }

    private func version6(_ tcp: [UInt8], _ isBackward: Bool) -> [UInt8] {
        let hosts = (isBackward ? [2, 1] : [1, 2] as [UInt8]).flatMap { [0xfd] + [UInt8](repeating: 0, count: 14) + [$0] }
        return [0x60, 0, 0, 0] + bigEndian(UInt16(tcp.count)) + [6, 64] + hosts + tcp
    }

    private func bigEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
        stride(from: Value.bitWidth - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
