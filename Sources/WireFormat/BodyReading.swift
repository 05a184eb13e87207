internal import ClusterModel

/// What a read threw, before the whole length is known: `remaining` counts the bytes from the wrong field to the end.
struct ReadFailure: Error {
    var remaining: Int
    var field: String
    var reason: DecodingError.Reason
    var code: ErrorCode

    init(_ reason: DecodingError.Reason, code: ErrorCode = .malformed, remaining: Int, field: String) {
        self.remaining = remaining
        self.field = field
        self.reason = reason
        self.code = code
    }

    func inside(_ outer: String) -> ReadFailure {
        var copy = self
        copy.field = field.isEmpty ? outer : "\(outer).\(field)"
        return copy
    }

    func error(length: Int) -> DecodingError {
        DecodingError(reason, code: code, offset: length - remaining, field: field)
    }
}

/// A reader is a span that gets shorter at the front. Each read checks before it takes, and names its field when it fails. A length
/// that reaches beyond the body is `truncated`, whatever limit it breaks, too: such a CALL cannot be read, and so not be refused
/// by a REPLY (CAL-004).
extension Span<UInt8> {
    typealias Field = StaticString

    func failure(_ reason: DecodingError.Reason, _ field: Field, code: ErrorCode = .malformed) -> ReadFailure {
        ReadFailure(reason, code: code, remaining: count, field: "\(field)")
    }

    /// Big-endian, fixed width (ENC-001).
    @inline(__always)
    mutating func read<T: FixedWidthInteger>(_ field: Field, as type: T.Type = T.self) throws(ReadFailure) -> T {
        let width = T.bitWidth / 8
        guard count >= width else { throw failure(.truncated, field) }
        let value = unsafe withUnsafeBytes { unsafe $0.loadUnaligned(as: T.self) }
        self = extracting(droppingFirst: width)
        return T(bigEndian: value)
    }

    /// An integer within `range`.
    mutating func read<T: FixedWidthInteger>(_ field: Field, in range: ClosedRange<T>) throws(ReadFailure) -> T {
        let start = self
        let value = try read(field, as: T.self)
        guard range.contains(value) else { throw start.failure(.outOfRange, field) }
        return value
    }

    /// One byte, 0 or 1 (ENC-002).
    mutating func readBool(_ field: Field) throws(ReadFailure) -> Bool {
        let start = self
        let value = try read(field, as: UInt8.self)
        guard value <= 1 else { throw start.failure(.notBoolean, field) }
        return value == 1
    }

    /// A registered raw value in its own width (ENC-006).
    mutating func read<T: RawRepresentable>(
        _ field: Field, as type: T.Type = T.self
    ) throws(ReadFailure) -> T where T.RawValue: FixedWidthInteger {
        let start = self
        guard let value = T(rawValue: try read(field, as: T.RawValue.self)) else { throw start.failure(.unknownValue, field) }
        return value
    }

    /// Exactly `length` bytes.
    mutating func readFixed(_ field: Field, count length: Int) throws(ReadFailure) -> [UInt8] {
        guard count >= length else { throw failure(.truncated, field) }
        return takeFirst(length)
    }

    /// Two bytes of length, then UTF-8 (ENC-003).
    mutating func readText(_ field: Field, upTo limit: Int) throws(ReadFailure) -> String {
        let start = self
        let length = Int(try read(field, as: UInt16.self))
        guard count >= length else { throw start.failure(.truncated, field) }
        guard length <= limit else { throw start.failure(.limitExceeded, field) }
        guard let valid = try? UTF8Span(validating: extracting(first: length)) else { throw start.failure(.notUnicode, field) }
        let text = String(copying: valid)
        self = extracting(droppingFirst: length)
        return text
    }

    /// Text that follows a grammar.
    mutating func readName<T>(
        _ field: Field, upTo limit: Int, code: ErrorCode = .malformed, _ make: (String) -> T?
    ) throws(ReadFailure) -> T {
        let start = self
        guard let name = make(try readText(field, upTo: limit)) else { throw start.failure(.invalidName, field, code: code) }
        return name
    }

    /// Four bytes of length, then the bytes (ENC-004).
    mutating func readBytes(_ field: Field, upTo limit: Int, code: ErrorCode = .malformed) throws(ReadFailure) -> [UInt8] {
        let start = self
        let length = Int(try read(field, as: UInt32.self))
        guard count >= length else { throw start.failure(.truncated, field) }
        guard length <= limit else { throw start.failure(.limitExceeded, field, code: code) }
        return takeFirst(length)
    }

    /// A value of another type, whose fields' names get the prefix `field`.
    mutating func read<T: WireValue>(_ field: Field, as type: T.Type = T.self) throws(ReadFailure) -> T {
        do throws(ReadFailure) {
            return try T.read(&self)
        } catch {
            throw error.inside("\(field)")
        }
    }

    /// A count (ENC-005).
    /// - Parameter size: the least number of bytes that an element takes: what cannot fit is refused before memory is taken.
    mutating func readCount(_ field: Field, upTo limit: Int, size: Int) throws(ReadFailure) -> Int {
        let start = self
        let length = Int(try read(field, as: UInt32.self))
        guard length <= count / size else { throw start.failure(.truncated, field) }
        guard length <= limit else { throw start.failure(.limitExceeded, field) }
        return length
    }

    /// Elements in the order they come.
    mutating func readList<T: WireValue>(
        _ field: Field, of type: T.Type = T.self, upTo limit: Int = .max
    ) throws(ReadFailure) -> [T] {
        let length = try readCount(field, upTo: limit, size: T.leastSize)
        var elements: [T] = []
        elements.reserveCapacity(length)
        for _ in 0..<length { elements.append(try read(field, as: T.self)) }
        return elements
    }

    /// Elements whose keys ascend strictly (ENC-008).
    mutating func readAscending<T: WireValue>(
        _ field: Field, of type: T.Type = T.self, upTo limit: Int = .max, _ precedes: (T, T) -> Bool
    ) throws(ReadFailure) -> [T] {
        let length = try readCount(field, upTo: limit, size: T.leastSize)
        var elements: [T] = []
        elements.reserveCapacity(length)
        for _ in 0..<length {
            let start = self
            let element = try read(field, as: T.self)
            if let last = elements.last, !precedes(last, element) { throw start.failure(.notAscending, field) }
            elements.append(element)
        }
        return elements
    }

    /// One byte, 0 or 1, then the value if there is one.
    mutating func readOptional<T: WireValue>(_ field: Field, of type: T.Type = T.self) throws(ReadFailure) -> T? {
        try readBool(field) ? try read(field, as: T.self) : nil
    }

    private mutating func takeFirst(_ length: Int) -> [UInt8] {
        let bytes = unsafe extracting(first: length).withUnsafeBufferPointer { unsafe [UInt8]($0) }
        self = extracting(droppingFirst: length)
        return bytes
    }
}

extension [UInt8] {
    /// A copy of the bytes of a span.
    init(copying span: Span<UInt8>) {
        self = unsafe span.withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
