public import WireFormat

/// Why a table refused what it was given. The table is unchanged.
public enum TableError: Error, Hashable, Sendable {
    /// The bytes are not what they should be: the peer's or the file's fault.
    case malformed(DecodingError)
    /// The table holds as many records or origins as it can address: about 32 GiB, or two million origins.
    case full
    /// A scan's cursor that no scan of this table ever returned.
    case invalidCursor
}
