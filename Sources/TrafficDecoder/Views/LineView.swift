internal import PacketCapture

/// One line a frame: time, who to whom, lane, sequence, TYPE, the fields that matter.
struct LineView: ~Copyable, FrameView {
    var fields: LineFields
    private var head: LineHead
    private let schema: Schema
    private var walker: BodyWalker

    var out: TextBuffer {
        _read { yield fields.out }
        _modify { yield &fields.out }
    }

    init(_ options: ViewOptions, _ schema: Schema) {
        fields = LineFields(schema, showsValues: options.showsValues)
        head = LineHead(options)
        self.schema = schema
        walker = BodyWalker(schema)
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
        if frame.isWhole, let message {
            fields.rowCount = frame.rows
            fields.start(schema.messages[message].structure)
            _ = walker.walk(schema.messages[message].structure, in: body, &fields)
        } else {
            fields.out.writeUnread(frame, body)
        }
        if frame.frames > 1 {
            fields.out.write(" frames=")
            fields.out.write(decimal: UInt64(frame.frames))
        }
        if !frame.violations.isEmpty { head.write(frame.violations, to: &fields.out) }
        fields.out.write(byte: 0x0A)
    }
}

extension TextBuffer {
    /// `  replication       17  OPERATIONS` and, where there is one, ` stream=7`.
    mutating func writeHead(_ header: CapturedHeader, _ message: Int?, _ schema: Schema) {
        let begin = count
        write("  ")
        if Int(header.lane) < schema.lanes.count {
            write(schema.laneTexts[Int(header.lane)])
        } else {
            write("lane ")
            write(decimal: UInt64(header.lane))
            write(spaces: 13 - (count - begin))
        }
        write(decimal: header.sequence, width: 8)
        write("  ")
        if let message {
            write(schema.messageTexts[message])
        } else {
            write("type 0x")
            write(hex: UInt64(header.type), width: 2)
        }
        if header.stream != 0 {
            write(" stream=")
            write(decimal: UInt64(header.stream))
        }
    }

    /// What is said of a frame whose message cannot be read.
    mutating func writeUnread(_ frame: borrowing CapturedFrame, _ body: Span<UInt8>) {
        write(" size=")
        write(decimal: UInt64(frame.header.bodyLength))
        if frame.header.hasMore { write(" more") }
        if let lack = frame.lack {
            write(" (")
            write(lack)
            write(")")
        } else if !frame.header.hasMore, body.count > 0 {
            write(" 0x")
            write(hex: body.extracting(first: min(16, body.count)))
            if body.count > 16 { write("…") }
        }
    }
}
