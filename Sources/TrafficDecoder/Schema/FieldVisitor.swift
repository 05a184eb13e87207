/// What `BodyWalker` shows: each field in the order of the bytes, with the bytes that it takes in the body.
///
/// Names and units are in the field, except for elements of lists, whose field has no name of its own.
protocol FieldVisitor: ~Copyable {
    mutating func number(_ value: UInt64, width: Int, _ field: Schema.Field, at place: Range<Int>)
    mutating func signed(_ value: Int64, _ field: Schema.Field, at place: Range<Int>)
    mutating func identifier(_ high: UInt64, _ low: UInt64, _ field: Schema.Field, at place: Range<Int>)
    /// 0 or 1 when it is right.
    mutating func boolean(_ value: UInt8, _ field: Schema.Field, at place: Range<Int>)
    mutating func enumeration(_ value: UInt64, _ enumeration: Int, _ field: Schema.Field, at place: Range<Int>)
    /// A method or a kind of reply; nil when it is not registered.
    mutating func code(_ value: UInt64, _ name: String?, _ field: Schema.Field, at place: Range<Int>)
    mutating func text(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>)
    mutating func bytes(_ bytes: Span<UInt8>, isPayload: Bool, _ field: Schema.Field, at place: Range<Int>)
    mutating func fixed(_ bytes: Span<UInt8>, _ field: Schema.Field, at place: Range<Int>)
    /// An element of a TLV area.
    mutating func typedValue(_ type: UInt16, _ bytes: Span<UInt8>, at place: Range<Int>)
    /// A row block, packed as the fields before it say, or as it is.
    mutating func rows(_ bytes: Span<UInt8>, isPacked: Bool, _ field: Schema.Field, at place: Range<Int>)
    /// Bytes that only announce what follows: lengths and marks.
    mutating func prefix(at place: Range<Int>)
    mutating func absent(_ field: Schema.Field, at place: Range<Int>)
    mutating func beginStructure(_ field: Schema.Field)
    mutating func endStructure()
    /// - Parameter count: what the bytes announce; nil where they announce none.
    mutating func beginList(_ count: Int?, _ field: Schema.Field, at place: Range<Int>)
    mutating func endList()
}
