/// Shows the records of a file of a data directory, in the same forms as frames.
package struct DiskPrinter: ~Copyable {
    /// The kind of file that a log is; a record of rows there names its table.
    private static let log = 7
    private static let blockSize = 128 * 1024

    private let form: FrameForm
    private let schema = Schema.current
    private let write: (Span<UInt8>) -> Bool
    private var lines: LineFields
    private var fields: FieldLines
    private var json: JSONFields
    private var walker: BodyWalker
    /// Records shown.
    package private(set) var records = 0
    private var isDone = false

    /// - Parameter write: takes text; false when nobody wants more of it.
    package init(_ form: FrameForm, showsValues: Bool, write: @escaping (Span<UInt8>) -> Bool) {
        self.form = form
        self.write = write
        lines = LineFields(Schema.current, showsValues: showsValues)
        fields = FieldLines(Schema.current, showsValues: showsValues, showsBytes: form == .bytes)
        json = JSONFields(out: TextBuffer(), schema: Schema.current, showsValues: showsValues)
        walker = BodyWalker(Schema.current)
    }

    /// - Throws: what keeps the file from being read to its end; everything before was shown.
    package mutating func show(_ path: String) throws(DiskFileError) {
        var file = try DiskFile(opening: path)
        showKind(file.kind)
        walker.isInLog = file.kind == Self.log
        do throws(DiskFileError) {
            while !isDone, try file.next({ offset, type, body in record(offset, type, body) }) { flush(Self.blockSize) }
        } catch {
            flush(0)
            throw error
        }
        flush(0)
    }

    private mutating func showKind(_ kind: Int) {
        let name = kind >= 1 && kind <= schema.fileKinds.count ? schema.fileKinds[kind - 1] : "kind \(kind)"
        guard form == .json else { return lines.out.write("-- \(name)\n") }
        json.out.write("{\"kind\":\"file\",\"file\":\"\(name)\"}\n")
    }

    private mutating func record(_ offset: Int, _ type: UInt8, _ body: Span<UInt8>) {
        records += 1
        guard let layout = schema.record(Int(type)) else { return showUnknown(offset, type, body) }
        switch form {
        case .json:
            json.out.write(
                "{\"kind\":\"record\",\"offset\":\(offset),\"type\":\"\(layout.name)\",\"length\":\(body.count),\"fields\":{")
            json.start()
            json.rowCount = nil
            let isWhole = walker.walk(layout.structure, in: body, &json)
            json.out.write(isWhole && walker.offset == body.count ? "}}\n" : "},\"damaged\":true}\n")
        case .lines:
            lines.out.writeRecord(offset, layout.name)
            lines.start(layout.structure)
            let isWhole = walker.walk(layout.structure, in: body, &lines)
            if !isWhole || walker.offset < body.count { lines.out.write("  ! its fields do not fill it") }
            lines.out.write(byte: 0x0A)
        case .fields, .bytes:
            lines.out.writeRecord(offset, layout.name)
            lines.out.write(" length=\(body.count)\n")
            fields.show(layout.structure, body, isInLog: walker.isInLog)
            lines.out.write(fields.out.bytes)
            fields.out.removeAll()
        }
    }

    private mutating func showUnknown(_ offset: Int, _ type: UInt8, _ body: Span<UInt8>) {
        guard form != .json else {
            json.out.write("{\"kind\":\"record\",\"offset\":\(offset),\"type\":\(type),\"length\":\(body.count),\"body\":\"")
            json.out.write(hex: body)
            return json.out.write("\"}\n")
        }
        lines.out.writeRecord(offset, "type \(type)")
        lines.out.write(" length=\(body.count) 0x")
        lines.out.write(hex: body.extracting(first: min(32, body.count)))
        lines.out.write(body.count > 32 ? "…\n" : "\n")
    }

    private mutating func flush(_ least: Int) {
        if form == .json {
            guard json.out.count > least else { return }
            if !json.out.withSpan(write) { isDone = true }
            json.out.removeAll()
        } else {
            guard lines.out.count > least else { return }
            if !lines.out.withSpan(write) { isDone = true }
            lines.out.removeAll()
        }
    }
}

extension TextBuffer {
    fileprivate mutating func writeRecord(_ offset: Int, _ name: String) {
        write(decimal: UInt64(offset), width: 10)
        write("  ")
        write(name)
    }
}
