import ClusterModel
import WireFormat

/// Everything that the worked examples are made of: fixed ids, secrets and times, so that each run gives the same bytes.
struct Conversation {
    static let cluster = ClusterID(0x1112_1314_1516_1718_191A_1B1C_1D1E_1F10)
    static let dialer = NodeID(0x2122_2324_2526_2728_292A_2B2C_2D2E_2F20)
    static let acceptor = NodeID(0x3132_3334_3536_3738_393A_3B3C_3D3E_3F30)
    static let secret = [UInt8](0x00...0x1F)
    static let clock: UInt64 = 1_767_225_600_000

    let document: ProtocolDocument
    private var fromDialer = FrameEncoder()
    private var fromAcceptor = FrameEncoder()
    private(set) var text = ""

    init(_ document: ProtocolDocument) { self.document = document }

    // MARK: Writing

    mutating func say(_ paragraph: String) { text += paragraph + "\n\n" }

    /// Appends a code block.
    mutating func show(_ lines: [String]) { text += "```\n" + lines.joined(separator: "\n") + "\n```\n\n" }

    /// Begins another link: sequences start again.
    mutating func beginLink(after sequence: Int) {
        fromDialer = FrameEncoder()
        fromAcceptor = FrameEncoder()
        let empty: [UInt8] = []
        for _ in 0..<sequence {
            _ = fromDialer.header(type: 0, lane: 0, stream: 0, part: empty.span)
            _ = fromAcceptor.header(type: 0, lane: 0, stream: 0, part: empty.span)
        }
        fromDialer.maximumBody = Limits.frameBodyDefault
        fromAcceptor.maximumBody = Limits.frameBodyDefault
    }

    /// Shows a message as one frame.
    /// - Returns: its bytes, header and body.
    @discardableResult
    mutating func send(_ message: Message, fromDialer isDialer: Bool, stream: UInt32 = 0) -> [UInt8] {
        var frame: [UInt8] = []
        if isDialer {
            fromDialer.append(message, stream: stream, to: &frame)
        } else {
            fromAcceptor.append(message, stream: stream, to: &frame)
        }
        var lines = ["\(isDialer ? "dialer" : "acceptor") sends \(message.type.name): \(frame.count) bytes"]
        lines += header(Array(frame.prefix(FrameHeader.size)))
        let body = Array(frame.dropFirst(FrameHeader.size))
        let fields = document.messages.first { $0.code == message.type.rawValue }?.fields ?? []
        if !body.isEmpty { lines += ["body"] + Annotator.lines(document, body, fields) }
        show(lines)
        return frame
    }

    func header(_ bytes: [UInt8]) -> [String] {
        let fields: [(String, Int)] = [
            ("magic", 2), ("type", 2), ("flags", 1), ("lane", 1), ("reserved", 2), ("bodyLength", 4), ("stream", 4),
            ("sequence", 8), ("bodyCRC", 4), ("headerCRC", 4),
        ]
        let numeric: Set<String> = ["lane", "bodyLength", "stream", "sequence"]
        return ["header"]
            + cut(bytes, fields).map { name, at, part in
                let value = part.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                let type = document.messages.first { UInt64($0.code) == value && name == "type" }?.name
                let meaning = type ?? (numeric.contains(name) ? "\(value)" : (name == "flags" && value == 1 ? "MORE" : ""))
                return line(at, part, meaning.isEmpty ? name : "\(name) = \(meaning)")
            }
    }

    func preface(_ bytes: [UInt8]) -> [String] {
        cut(bytes, [("magic", 8), ("minimum", 2), ("maximum", 2), ("zero", 4)]).map { name, at, part in line(at, part, name) }
    }

    /// A row block with its columns.
    func rowBlock(_ bytes: [UInt8]) -> [String] {
        func number(_ at: Int) -> Int { bytes[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
        var lines = [line(0, Array(bytes[0..<4]), "rows = \(number(0))"), line(4, Array(bytes[4..<8]), "origins = \(number(4))")]
        var at = 8
        for index in 0..<number(4) {
            lines.append(line(at, Array(bytes[at..<at + 16]), "origins[\(index)].node"))
            lines.append(line(at + 16, Array(bytes[at + 16..<at + 24]), "origins[\(index)].incarnation"))
            at += 24
        }
        let names = ["flags", "origin", "sequence", "stamp", "key shape", "key rests", "value lengths", "values"]
        for (index, name) in names.enumerated() {
            let length = number(at)
            lines.append(line(at, Array(bytes[at..<at + 4]), "column \(index + 1), \(name): \(length) bytes"))
            for start in stride(from: at + 4, to: at + 4 + length, by: 16) {
                lines.append(line(start, Array(bytes[start..<min(start + 16, at + 4 + length)]), ""))
            }
            at += 4 + length
        }
        return lines
    }

    private func cut(_ bytes: [UInt8], _ fields: [(String, Int)]) -> [(String, Int, [UInt8])] {
        var at = 0
        return fields.map { name, count in
            defer { at += count }
            return (name, at, Array(bytes[at..<at + count]))
        }
    }

    private func line(_ at: Int, _ part: [UInt8], _ label: String) -> String {
        let digits = hexadecimal(part)
        let line = String(repeating: " ", count: max(0, 5 - "\(at)".count)) + "\(at)  \(digits)"
        return label.isEmpty ? line : line + String(repeating: " ", count: max(1, 34 - digits.count)) + label
    }
}
