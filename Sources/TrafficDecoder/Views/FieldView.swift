internal import ClusterModel
internal import PacketCapture

/// A line for the frame and one for each of its fields, with their bytes if wanted.
struct FieldView: ~Copyable, FrameView {
    var fields: FieldLines
    private var head: LineHead
    private let schema: Schema
    private let showsBytes: Bool

    var out: TextBuffer {
        _read { yield fields.out }
        _modify { yield &fields.out }
    }

    init(_ options: ViewOptions, _ schema: Schema, showsBytes: Bool) {
        fields = FieldLines(schema, showsValues: options.showsValues, showsBytes: showsBytes)
        head = LineHead(options)
        self.schema = schema
        self.showsBytes = showsBytes
    }

    mutating func began(_ link: Link, at time: Timestamp) { head.write(beginOf: link, at: time, to: &fields.out) }

    mutating func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        head.write(event, direction, of: link, at: time, to: &fields.out)
    }

    mutating func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        head.write(frame.number, link, frame.direction, at: frame.time, to: &fields.out)
        let header = frame.header
        let message = schema.message(header.type)
        fields.out.writeHead(header, message, schema)
        if !frame.isWhole || message == nil {
            fields.out.writeUnread(frame, body)
        } else {
            fields.out.write(" size=\(header.bodyLength)")
        }
        if frame.frames > 1 { fields.out.write(" frames=\(frame.frames)") }
        head.write(frame.violations, to: &fields.out)
        fields.out.write(byte: 0x0A)
        if showsBytes { writeHeader(header) }
        if frame.isWhole, let message {
            fields.rowCount = frame.rows
            fields.show(schema.messages[message].structure, body)
        } else if showsBytes, body.count > 0 {
            fields.show(unread: body, ofMessage: message, frame.lack ?? "")
        }
    }

    private mutating func writeHeader(_ header: CapturedHeader) {
        fields.show(
            [
                ("header.magic", 2, ""), ("header.type", 2, schema.messageName(header.type) ?? "unknown"),
                ("header.flags", 1, header.hasMore ? "MORE" : ""),
                ("header.lane", 1, Int(header.lane) < schema.lanes.count ? schema.lanes[Int(header.lane)] : "unknown"),
                ("header.reserved", 2, ""), ("header.bodyLength", 4, "\(header.bodyLength) bytes"),
                ("header.stream", 4, "\(header.stream)"), ("header.sequence", 8, "\(header.sequence)"),
                ("header.bodyCRC", 4, ""), ("header.headerCRC", 4, ""),
            ], header.bytes)
    }
}
