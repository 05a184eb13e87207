internal import ClusterModel
internal import PacketCapture
internal import WireFormat

/// Which frames are shown: an expression over the parts of a frame and the fields of its message.
///
///     type = OPERATIONS and table = zones and not key ~ "Europe/"
///     link = 2 and sequence in 100..200 or error
package struct Filter: Sendable {
    indirect enum Node: Sendable {
        case and(Node, Node)
        case or(Node, Node)
        case not(Node)
        case test(Test)
    }

    /// One comparison.
    struct Test: Sendable {
        enum Subject: Sendable {
            case type, lane, sequence, stream, link, node, from, to, time, size, error
            /// A field of the message, wherever it stands: its index in the schema's names.
            case field(Int)
        }
        enum Relation: Sendable { case exists, equal, unequal, less, lessOrEqual, greater, greaterOrEqual, contains, within }

        var subject: Subject
        var relation: Relation
        /// The value as it was written, and as a number when it is one; of a range, its two ends.
        var text: [UInt8] = []
        var number: Int64?
        var upper: Int64?
        /// Ids are compared with what was written in hex.
        var prefix: [UInt8]?
    }

    let root: Node
    /// Whether a body must be walked to decide.
    let needsFields: Bool

    /// - Throws: `FilterError` with the place of what is wrong.
    package init(_ text: String) throws(FilterError) {
        var parser = FilterParser(text, Schema.current)
        root = try parser.parse()
        needsFields = parser.usesFields
    }

    init(_ root: Node, needsFields: Bool) {
        self.root = root
        self.needsFields = needsFields
    }
}

extension Filter.Test {
    func holds(_ value: Int64) -> Bool {
        switch relation {
        case .exists: return true
        case .contains: return false
        case .within: return value >= number ?? .min && value <= upper ?? .max
        default: break
        }
        guard let number else { return relation == .unequal }
        return switch relation {
        case .equal: value == number
        case .unequal: value != number
        case .less: value < number
        case .lessOrEqual: value <= number
        case .greater: value > number
        case .greaterOrEqual: value >= number
        case .exists, .contains, .within: true
        }
    }

    func holds(_ value: Span<UInt8>) -> Bool {
        switch relation {
        case .exists: true
        case .equal: value.equals(text.span)
        case .unequal: !value.equals(text.span)
        case .contains: value.contains(text.span)
        case .less, .lessOrEqual, .greater, .greaterOrEqual, .within: false
        }
    }
}

/// Decides for one frame after the other.
struct FilterRun {
    private let filter: Filter
    private let schema: Schema
    private var walker: BodyWalker

    init(_ filter: Filter, _ schema: Schema) {
        self.filter = filter
        self.schema = schema
        walker = BodyWalker(schema)
    }

    mutating func accepts(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) -> Bool {
        decide(filter.root, frame, body, link)
    }

    private mutating func decide(_ node: Filter.Node, _ frame: borrowing CapturedFrame, _ body: Span<UInt8>, _ link: Link) -> Bool
    {
        switch node {
        case .and(let left, let right): decide(left, frame, body, link) && decide(right, frame, body, link)
        case .or(let left, let right): decide(left, frame, body, link) || decide(right, frame, body, link)
        case .not(let inner): !decide(inner, frame, body, link)
        case .test(let test): holds(test, frame, body, link)
        }
    }

    private mutating func holds(
        _ test: Filter.Test, _ frame: borrowing CapturedFrame, _ body: Span<UInt8>, _ link: Link
    ) -> Bool {
        let header = frame.header
        switch test.subject {
        case .type:
            if test.number != nil { return test.holds(Int64(header.type)) }
            return holds(test, name: schema.message(header.type).map { schema.messageTexts[$0] } ?? [])
        case .lane:
            if test.number != nil { return test.holds(Int64(header.lane)) }
            let isKnown = Int(header.lane) < schema.lanes.count
            return holds(test, name: isKnown ? Array(schema.lanes[Int(header.lane)].utf8) : [])
        case .sequence: return test.holds(Int64(clamping: header.sequence))
        case .stream: return test.holds(Int64(header.stream))
        case .link: return test.holds(Int64(link.number))
        case .size: return test.holds(Int64(header.bodyLength))
        case .from: return holds(test, link.end(frame.direction))
        case .to: return holds(test, link.end(frame.direction.opposite))
        case .node:
            // Not to be that node is to be it at neither end.
            let isEither = test.relation != .unequal
            return isEither
                ? holds(test, link.dialer) || holds(test, link.acceptor)
                : holds(test, link.dialer) && holds(test, link.acceptor)
        case .time:
            let relative = frame.time.nanoseconds - link.captureStart.nanoseconds
            return test.holds(test.isDate ? frame.time.nanoseconds : relative)
        case .error: return holds(test, frame.violations)
        case .field(let name): return isWholeAndHolds(test, name, frame, body)
        }
    }

    private func holds(_ test: Filter.Test, name: [UInt8]) -> Bool { test.holds(name.span) }

    private func holds(_ test: Filter.Test, _ end: LinkEnd) -> Bool {
        let names = [end.address, end.label]
        return test.relation == .unequal
            ? names.allSatisfy { test.holds($0.span) } : names.contains { test.holds($0.span) }
    }

    private func holds(_ test: Filter.Test, _ violations: [Violation]) -> Bool {
        guard test.relation != .exists else { return !violations.isEmpty }
        let isThere = violations.contains { violation in
            var equal = test
            if equal.relation == .unequal { equal.relation = .equal }
            let words = [violation.requirement, violation.error.name, violation.reason.rawValue, violation.field]
            return words.contains { equal.holds(Array($0.utf8).span) }
        }
        return test.relation == .unequal ? !isThere : isThere
    }

    private mutating func isWholeAndHolds(
        _ test: Filter.Test, _ name: Int, _ frame: borrowing CapturedFrame, _ body: Span<UInt8>
    ) -> Bool {
        guard frame.isWhole, let message = schema.message(frame.header.type) else { return false }
        var probe = FieldProbe(test, name: UInt32(name), schema)
        _ = walker.walk(schema.messages[message].structure, in: body, &probe)
        return probe.isFound
    }
}

extension Filter.Test {
    /// A time that was written as a date.
    var isDate: Bool { text.contains(0x54) }
}

extension Span where Element == UInt8 {
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    func contains(_ part: Span<UInt8>) -> Bool {
        guard part.count > 0 else { return true }
        var start = 0
        while let place = position(of: part[0], from: start), count - place >= part.count {
            if extracting(place..<(place + part.count)).equals(part) { return true }
            start = place + 1
        }
        return false
    }
}

extension Filter {
    /// `link=3`, `stream=3/7` (snapshot or call 7 on link 3), `key=zones/Europe/Berlin`.
    /// - Throws: `FilterError` when it is none of these.
    package init(following text: String) throws(FilterError) {
        let problem = FilterError(
            text: text, column: 0, problem: "--follow needs link=NUMBER, stream=LINK/STREAM or key=TABLE/KEY")
        guard let equal = text.firstIndex(of: "=") else { throw problem }
        let value = text[text.index(after: equal)...]
        let parts = value.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        func number(_ subject: Test.Subject, _ text: String) throws(FilterError) -> Node {
            guard let number = Int64(text) else { throw problem }
            return .test(Test(subject: subject, relation: .equal, text: Array(text.utf8), number: number))
        }
        switch text[..<equal] {
        case "link": self.init(try number(.link, String(value)), needsFields: false)
        case "stream":
            guard parts.count == 2 else { throw problem }
            self.init(.and(try number(.link, parts[0]), try number(.stream, parts[1])), needsFields: false)
        case "key":
            let names = Schema.current.names
            guard parts.count == 2, let key = names.firstIndex(of: "key"), let table = names.firstIndex(of: "table") else {
                throw problem
            }
            let isKey = Test(subject: .field(key), relation: .equal, text: Array(parts[1].utf8))
            let isTable = Test(subject: .field(table), relation: .equal, text: Array(parts[0].utf8))
            // Chunks and replies name no table; their key is all there is.
            let hasTable = Node.test(Test(subject: .field(table), relation: .exists))
            self.init(.and(.test(isKey), .or(.test(isTable), .not(hasTable))), needsFields: true)
        default: throw problem
        }
    }

    package func and(_ other: Filter) -> Filter {
        Filter(.and(root, other.root), needsFields: needsFields || other.needsFields)
    }
}
