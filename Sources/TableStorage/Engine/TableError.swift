/// Why a table refused what it was given. The table is unchanged.
public enum TableError: Error, Hashable, Sendable {
    /// The table holds as many bytes or origins as it can address (32 GiB of records, 2 097 151 origins).
    case full
    /// A scan's cursor that no scan of this table ever returned.
    case invalidCursor
}
