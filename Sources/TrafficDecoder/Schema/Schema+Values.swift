extension Schema {
    /// Whether values of rows may stand in a body of this layout: bytes of it that belong to no field must not be shown then.
    func mayHoldValues(_ structure: Int) -> Bool {
        fields[structures[structure].fields].contains { mayHoldValues($0.shape) }
    }

    private func mayHoldValues(_ shape: Shape) -> Bool {
        switch shape {
        case .arguments, .result, .groups, .chunk, .rowBlock: true
        case .bytes(let isPayload): isPayload
        case .structure(let index): mayHoldValues(Int(index))
        case .list(let element), .array(let element, _), .optional(let element): mayHoldValues(elements[Int(element)].shape)
        case .body(let index), .sizedBody(let index): mayHoldValues(Int(index))
        case .unsigned, .signed, .identifier, .fixed, .boolean, .text, .enumeration, .extensions, .method, .replyKind: false
        }
    }
}
