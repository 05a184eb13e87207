internal import ClusterModel
internal import PacketCapture

/// One JSON object a line (`spec/wiredump.schema.json`).
struct JSONView: ~Copyable, FrameView {
    private var fields: JSONFields
    private let schema: Schema
    private var walker: BodyWalker

    var out: TextBuffer {
        _read { yield fields.out }
        _modify { yield &fields.out }
    }

    init(_ options: ViewOptions, _ schema: Schema) {
        fields = JSONFields(out: TextBuffer(capacity: 256 * 1024), schema: schema, showsValues: options.showsValues)
        walker = BodyWalker(schema)
        self.schema = schema
    }

    // MARK: Frames

    mutating func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        begin("frame", link, frame.direction, frame.time)
        fields.out.write(",\"number\":")
        fields.out.write(decimal: UInt64(frame.number))
        let header = frame.header
        fields.out.write(",\"lane\":")
        name(Int(header.lane) < schema.lanes.count ? schema.lanes[Int(header.lane)] : nil, UInt64(header.lane))
        fields.out.write(",\"sequence\":")
        fields.out.write(decimal: header.sequence)
        fields.out.write(",\"stream\":")
        fields.out.write(decimal: UInt64(header.stream))
        fields.out.write(",\"type\":")
        let message = schema.message(header.type)
        if let message {
            fields.out.write(byte: 0x22)
            fields.out.write(schema.messageTexts[message])
            fields.out.write(byte: 0x22)
        } else {
            fields.out.write(decimal: UInt64(header.type))
        }
        fields.out.write(",\"flags\":")
        fields.out.write(decimal: UInt64(header.flags))
        fields.out.write(",\"bodyLength\":")
        fields.out.write(decimal: UInt64(header.bodyLength))
        if header.hasMore { fields.out.write(",\"more\":true") }
        if frame.frames > 1 {
            fields.out.write(",\"frames\":")
            fields.out.write(decimal: UInt64(frame.frames))
        }
        self.body(frame, message, body)
        if !frame.violations.isEmpty { write(frame.violations) }
        end()
    }

    private mutating func body(_ frame: borrowing CapturedFrame, _ message: Int?, _ body: Span<UInt8>) {
        if let lack = frame.lack {
            fields.out.write(",\"lack\":")
            fields.out.write(json: Array(lack.utf8).span)
        }
        guard frame.isWhole else { return }
        guard let message else {
            fields.out.write(",\"body\":\"")
            fields.out.write(hex: body)
            return fields.out.write(byte: 0x22)
        }
        fields.out.write(",\"fields\":{")
        fields.start()
        fields.rowCount = frame.rows
        _ = walker.walk(schema.messages[message].structure, in: body, &fields)
        fields.out.write(byte: 0x7D)
    }

    private mutating func write(_ violations: [Violation]) {
        fields.out.write(",\"violations\":[")
        for index in violations.indices {
            let violation = violations[index]
            if index > 0 { fields.out.write(byte: 0x2C) }
            fields.out.write(
                "{\"requirement\":\"\(violation.requirement)\",\"error\":\"\(violation.error.name)\",\"reason\":\"\(violation.reasonName)\","
                    + "\"field\":\"\(violation.field)\",\"offset\":\(violation.offset)}")
        }
        fields.out.write(byte: 0x5D)
    }

    // MARK: Everything else

    mutating func began(_ link: Link, at time: Timestamp) {
        begin("linkBegan", link, .forward, time)
        fields.out.write(",\"isFromStart\":\(link.flow.isFromStart)")
        end()
    }

    mutating func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        switch event {
        case .preface(let minimum, let maximum, let violation):
            begin("preface", link, direction, time)
            fields.out.write(",\"minimumVersion\":\(minimum),\"maximumVersion\":\(maximum)")
            if let violation { write([violation]) }
        case .gap(let count):
            begin("gap", link, direction, time)
            fields.out.write(",\"bytes\":\(count.map { "\($0)" } ?? "null")")
        case .skipped(let count, let missing, let bytes, let violation):
            begin("skipped", link, direction, time)
            fields.out.write(",\"bytes\":\(count),\"missingFrames\":\(missing),\"begin\":\"")
            // What a gap or the beginning of the capture cut off may be of a value.
            if violation != nil || fields.showsValues { fields.out.write(hex: bytes.span) }
            fields.out.write(byte: 0x22)
            if let violation { write([violation]) }
        case .ended(let end):
            begin("ended", link, direction, time)
            fields.out.write(",\"by\":\"\(end)\"")
        }
        end()
    }

    // MARK: What all lines share

    private mutating func begin(_ kind: StaticString, _ link: Link, _ direction: Direction, _ time: Timestamp) {
        fields.out.write("{\"kind\":\"")
        fields.out.write(kind)
        fields.out.write("\",\"time\":\"")
        fields.out.write(nanoseconds: time.nanoseconds)
        fields.out.write("\",\"link\":")
        fields.out.write(decimal: UInt64(link.number))
        let sender = link.end(direction)
        let receiver = link.end(direction.opposite)
        fields.out.write(",\"from\":\"")
        fields.out.write(sender.address)
        fields.out.write("\",\"to\":\"")
        fields.out.write(receiver.address)
        fields.out.write(byte: 0x22)
        if sender.isNamed {
            fields.out.write(",\"fromName\":\"")
            fields.out.write(sender.label)
            fields.out.write(byte: 0x22)
        }
        if receiver.isNamed {
            fields.out.write(",\"toName\":\"")
            fields.out.write(receiver.label)
            fields.out.write(byte: 0x22)
        }
    }

    private mutating func end() { fields.out.write("}\n") }

    private mutating func name(_ name: String?, _ value: UInt64) {
        guard let name else { return fields.out.write(decimal: value) }
        fields.out.write(byte: 0x22)
        fields.out.write(name)
        fields.out.write(byte: 0x22)
    }
}

extension TextBuffer {
    /// `2026-11-21T18:25:16.611234567Z` of nanoseconds since 1970 (RFC 3339).
    mutating func write(nanoseconds: Int64) {
        let billion: Int64 = 1_000_000_000
        let rest = ((nanoseconds % billion) + billion) % billion
        write(dateTime: (nanoseconds - rest) / billion)
        write(byte: 0x2E)
        write(UInt64(rest), digits: 9)
        write(byte: 0x5A)
    }
}
