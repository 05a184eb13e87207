internal import PacketCapture

/// The layouts and registries of the spec, made ready for taking bytes apart: what `spec/protocol.json` says, by number.
///
/// Types, names and structures are indexes into the tables, so that walking a body touches no reference.
struct Schema: Sendable {
    /// What a number measures or names; decides how it is shown.
    enum Unit: UInt8, Sendable {
        case none, milliseconds, microseconds, bytes, date, stamp, hash, error, message
    }

    enum Shape: Hashable, Sendable {
        /// Big-endian, `width` bytes.
        case unsigned(width: UInt8)
        case signed
        /// u128: an id.
        case identifier
        case fixed(UInt32)
        case boolean
        /// u16 length, UTF-8.
        case text
        /// u32 length; of the application when `isPayload`.
        case bytes(isPayload: Bool)
        case enumeration(UInt32)
        case structure(UInt32)
        /// u32 count; the element is `elements[index]`.
        case list(UInt32)
        case array(UInt32, count: UInt32)
        case optional(UInt32)
        /// TLV area to the end.
        case extensions
        /// Codes that select the layout of the union behind them.
        case method
        case replyKind
        case arguments
        case result
        /// u32 length, operation groups (REP-004).
        case groups
        /// u32 length, packed row block (SNP-022).
        case chunk
        /// A row block to the end.
        case rowBlock
        /// The fields of a message, to the end or behind a u32 length.
        case body(UInt32)
        case sizedBody(UInt32)
    }

    struct Field: Sendable {
        /// Index into `names`; 0, the empty name, of elements.
        var name: UInt32
        var shape: Shape
        var unit: Unit
        /// The field is there only when this bit of the field `flags` before it is set; 0 = always.
        var flag: UInt8
        /// Only in a log (record rows).
        var isInLogOnly: Bool

        /// An element of a list: without a name.
        static let element = Field(name: 0, shape: .boolean, unit: .none, flag: 0, isInLogOnly: false)
    }

    /// Operation groups have a layout of their own; their parts are shown as these fields.
    struct GroupFields: Sendable {
        var group = Field.element
        var stamp = Field.element
        var operations = Field.element
        var kind = Field.element
        var key = Field.element
        var value = Field.element
    }

    struct Structure: Sendable {
        var name: String
        var fields: Range<Int>
    }

    struct Enumeration: Sendable {
        var name: String
        var width: UInt8
        /// Name of each value; empty where none is registered.
        var cases: [String]
    }

    struct MessageLayout: Sendable {
        var code: UInt16
        var name: String
        var lane: UInt8
        /// The requirement that says when it is sent.
        var requirement: String
        var structure: Int
        /// By column of the table of states; two answers where dialer and acceptor differ.
        var permitted: [[Bool]]
    }

    struct Layout: Sendable {
        var code: Int
        var name: String
        var structure: Int
    }

    var names: [String] = [""]
    var fields: [Field] = []
    var structures: [Structure] = []
    var enumerations: [Enumeration] = []
    /// Element types of lists, arrays and optionals, with the unit of their field.
    var elements: [Field] = []
    var groupFields = GroupFields()
    /// Names of the fields that say how a chunk is packed.
    var chunkNames: (codec: UInt32, rawLength: UInt32, rawCRC: UInt32) = (0, 0, 0)
    var messages: [MessageLayout] = []
    var methods: [Layout] = []
    var replies: [Layout] = []
    var records: [Layout] = []
    var lanes: [String] = []
    /// By kind, from 1.
    var fileKinds: [String] = []
    var errors: [UInt16: String] = [:]
    /// Names as lines show them: lanes of equal width.
    private(set) var laneTexts: [[UInt8]] = []
    private(set) var messageTexts: [[UInt8]] = []
    /// Index into `messages` by (code >> 8) << 6 | (code & 63): every registered code has its own place.
    private var messageIndexes = [Int16](repeating: -1, count: 256)

    /// The tables of the spec that this program was built from.
    static let current = SchemaText.parse(ProtocolTables.text)

    func message(_ code: UInt16) -> Int? {
        let place = Int(code >> 8) << 6 | Int(code & 63)
        guard place < messageIndexes.count, messageIndexes[place] >= 0 else { return nil }
        let index = Int(messageIndexes[place])
        return messages[index].code == code ? index : nil
    }

    mutating func finish() {
        let width = (lanes.map(\.utf8.count).max() ?? 0)
        laneTexts = lanes.map { Array($0.utf8) + [UInt8](repeating: 0x20, count: width - $0.utf8.count) }
        messageTexts = messages.map { Array($0.name.utf8) }
        for (index, message) in messages.enumerated() {
            messageIndexes[Int(message.code >> 8) << 6 | Int(message.code & 63)] = Int16(index)
        }
    }

    /// nil when the value is not registered.
    func caseName(_ value: UInt64, of enumeration: Int) -> String? {
        let cases = enumerations[enumeration].cases
        guard value < UInt64(cases.count), !cases[Int(value)].isEmpty else { return nil }
        return cases[Int(value)]
    }

    func messageName(_ code: UInt16) -> String? { message(code).map { messages[$0].name } }
    /// What a column of the table "Messages and states" permits, a bit for each message.
    func permitted(_ column: Int, _ direction: Direction) -> UInt64 {
        var bits: UInt64 = 0
        for (index, message) in messages.enumerated() {
            let answers = message.permitted[column]
            if answers[min(Int(direction.rawValue), answers.count - 1)] { bits |= 1 << UInt64(index) }
        }
        return bits
    }

    func method(_ code: Int) -> Layout? { methods.first { $0.code == code } }
    func reply(_ code: Int) -> Layout? { replies.first { $0.code == code } }
    func record(_ code: Int) -> Layout? { records.first { $0.code == code } }
}
