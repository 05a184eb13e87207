/// A value with a place in a message body. Reading fails on every byte string but the one that `write` gives (ENC-009).
protocol WireValue {
    /// The fewest bytes that a value takes: a list that declares more elements than can follow is refused at once.
    static var leastSize: Int { get }
    static func read(_ input: inout Span<UInt8>) throws(ReadFailure) -> Self
    func write(to output: inout [UInt8])
}

extension [UInt8] {
    /// Big-endian, fixed width (ENC-001).
    @inline(__always)
    mutating func write<T: FixedWidthInteger>(_ value: T) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// One byte, 0 or 1 (ENC-002).
    mutating func write(_ value: Bool) { append(value ? 1 : 0) }

    /// The raw value in its own width (ENC-006).
    mutating func write<T: RawRepresentable>(_ value: T) where T.RawValue: FixedWidthInteger { write(value.rawValue) }

    /// Two bytes of length, then UTF-8 (ENC-003).
    mutating func write(_ text: String) {
        write(UInt16(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// Text for people, cut at a character when it is longer than `limit` bytes (LIM-006).
    mutating func write(_ text: String, upTo limit: Int) {
        guard text.utf8.count > limit else { return write(text) }
        var cut = ""
        for character in text {
            guard cut.utf8.count + character.utf8.count <= limit else { break }
            cut.append(character)
        }
        write(cut)
    }

    /// Four bytes of length, then the bytes (ENC-004).
    mutating func write(_ bytes: [UInt8]) {
        write(UInt32(bytes.count))
        append(contentsOf: bytes)
    }

    /// Four bytes of count, then the elements (ENC-005).
    mutating func write<T: WireValue>(_ elements: [T]) {
        write(UInt32(elements.count))
        for element in elements { element.write(to: &self) }
    }

    /// One byte, 0 or 1, then the value if there is one.
    mutating func write<T: WireValue>(_ value: T?) {
        write(value != nil)
        value?.write(to: &self)
    }

    /// The bytes of a span, without a length.
    @inline(__always)
    mutating func write(bytesOf span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
