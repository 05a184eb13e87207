import ClusterModel
import WireFormat

/// The body of one message, field by field: written here from the tables of the spec, so that a case can spoil one field and say
/// which.
struct SampleBody {
    enum Kind {
        case number
        case boolean
        /// An enumeration with these values.
        case choice(ClosedRange<UInt16>)
        /// Two bytes of length and UTF-8.
        case text
        /// Four bytes of length and any bytes.
        case bytes
        /// How many elements follow.
        case count
        /// The first byte of an optional.
        case mark
    }

    struct Part {
        var name: String
        var kind: Kind
        var bytes: [UInt8]
    }

    /// A body that is wrong in one way.
    struct Spoiled {
        /// For the report: `count one too high`.
        var how: String
        var bytes: [UInt8]
    }

    let type: MessageType
    private(set) var parts: [Part] = []
    /// Put before the names of what is added: `records.`.
    private var prefix = ""

    init(_ type: MessageType) { self.type = type }

    var bytes: [UInt8] { parts.flatMap(\.bytes) }

    /// A stream that the type may have.
    var stream: UInt32 {
        switch type {
        case .call, .reply, .cancel, .snapRequest, .snapBegin, .snapChunk, .snapEnd, .snapCancel: 1
        default: 0
        }
    }

    // MARK: Building

    mutating func number(_ name: String, _ value: UInt128 = 0, width: Int) {
        let bytes = (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> UInt128($0 * 8)) }
        add(name, .number, bytes)
    }

    mutating func u16(_ name: String, _ value: UInt128 = 0) { number(name, value, width: 2) }
    mutating func u32(_ name: String, _ value: UInt128 = 0) { number(name, value, width: 4) }
    mutating func u64(_ name: String, _ value: UInt128 = 0) { number(name, value, width: 8) }
    mutating func u128(_ name: String, _ value: UInt128 = 0) { number(name, value, width: 16) }

    mutating func bool(_ name: String, _ value: Bool = false) { add(name, .boolean, [value ? 1 : 0]) }

    mutating func choice(_ name: String, _ value: UInt16, of range: ClosedRange<UInt16>, width: Int = 1) {
        add(name, .choice(range), width == 1 ? [UInt8(value)] : [UInt8(value >> 8), UInt8(value & 0xFF)])
    }

    mutating func text(_ name: String, _ text: String) {
        add(name, .text, [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + Array(text.utf8))
    }

    mutating func bytes(_ name: String, _ bytes: [UInt8]) {
        number(name, UInt128(bytes.count), width: 4)
        parts[parts.count - 1].kind = .bytes
        parts[parts.count - 1].bytes += bytes
    }

    mutating func fixed(_ name: String, _ bytes: [UInt8]) { add(name, .number, bytes) }

    mutating func mark(_ name: String) { add(name, .mark, [1]) }

    /// A list of `count` elements, each added by `element`.
    mutating func list(_ name: String, _ count: Int = 1, _ element: (inout SampleBody, Int) -> Void) {
        number(name, UInt128(count), width: 4)
        parts[parts.count - 1].kind = .count
        within(name) { body in
            for index in 0..<count { element(&body, index) }
        }
    }

    /// Fields of a structure, whose names begin with its own.
    mutating func within(_ name: String, _ fields: (inout SampleBody) -> Void) {
        let outer = prefix
        prefix += name + "."
        fields(&self)
        prefix = outer
    }

    private mutating func add(_ name: String, _ kind: Kind, _ bytes: [UInt8]) {
        parts.append(Part(name: prefix + name, kind: kind, bytes: bytes))
    }

    // MARK: Spoiling

    /// The body with other bytes for one field.
    func replacing(_ index: Int, _ how: String, with bytes: [UInt8]) -> Spoiled {
        var spoiled = self
        spoiled.parts[index].bytes = bytes
        return Spoiled(how: "\(parts[index].name) \(how)", bytes: spoiled.bytes)
    }

    /// Ends before each field, and within it.
    var cuts: [Spoiled] {
        var cuts: [Spoiled] = []
        var before: [UInt8] = []
        for part in parts {
            for kept in Set([0, part.bytes.count - 1]).sorted() {
                cuts.append(Spoiled(how: "end after \(kept) bytes of \(part.name)", bytes: before + part.bytes.prefix(kept)))
            }
            before += part.bytes
        }
        return cuts
    }

    /// The first field of the name, for cases that know what they want.
    func index(of name: String) -> Int {
        guard let index = parts.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("\(type.name) has no field \(name)")
        }
        return index
    }

    /// The list of the name with its elements twice: the first ones as they are or, where `raised`, with a higher key.
    func doubling(_ list: String, raised: Bool) -> Spoiled {
        let count = index(of: list)
        let elements = parts[(count + 1)...].prefix { $0.name.hasPrefix(list + ".") }
        var first = Array(elements)
        if raised { first[0].bytes[first[0].bytes.count - 1] += first[0].bytes.count == 2 ? 0x10 : 1 }
        var doubled = self
        doubled.parts[count].bytes[3] *= 2
        doubled.parts.insert(contentsOf: first, at: count + 1)
        return Spoiled(how: raised ? "\(list) descending" : "\(list) with an element twice", bytes: doubled.bytes)
    }

    /// Each field of the sort that `wrong` knows bad values for, the first of its name only.
    /// - Parameter wrong: is given the field and how many bytes of the body follow it.
    func spoiled(_ wrong: (Part, Int) -> [(how: String, bytes: [UInt8])]) -> [(field: String, values: [Spoiled])] {
        var names: Set<String> = []
        var result: [(field: String, values: [Spoiled])] = []
        var rest = bytes.count
        for (index, part) in parts.enumerated() {
            rest -= part.bytes.count
            guard names.insert(part.name).inserted else { continue }
            let values = wrong(part, rest).map { replacing(index, $0.how, with: $0.bytes) }
            if !values.isEmpty { result.append((part.name, values)) }
        }
        return result
    }
}

extension MessageType {
    /// `snap-begin`, for ids of cases.
    var slug: String { String(name.lowercased().map { $0 == "_" ? "-" : $0 }) }
}

extension String {
    /// `records.downSince` as `records-down-since`, for ids of cases.
    var slug: String {
        var slug = ""
        for character in self {
            if character.isUppercase { slug += "-" }
            slug += character == "." || character == "_" || character == " " ? "-" : character.lowercased()
        }
        return slug
    }
}
