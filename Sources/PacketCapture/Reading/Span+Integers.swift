extension Span<UInt8> {
    /// The integer whose bytes stand at `offset`, in the byte order of this machine. All of them must be there.
    @inline(__always)
    func integer<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size, "read outside of the bytes")
        return unsafe withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: offset, as: Value.self) }
    }

    /// The same of what stands in network byte order.
    @inline(__always)
    func bigEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
        Value(bigEndian: integer(at: offset))
    }

    /// A copy of a part.
    func array(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe [UInt8]($0) }
    }
}
