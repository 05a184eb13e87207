public import ClusterModel

/// The names in a data directory (DSK-003). Relative to it, with `/`.
public enum DiskName {
    public static let manifest = "MANIFEST"
    public static let node = "node"
    public static let clock = "clock"
    /// A file that is still being written; left over after a crash, and then removed.
    public static let temporarySuffix = ".tmp"

    public static func generation(_ number: UInt64) -> String { "gen-\(number)" }
    /// A generation that a later one superseded, kept for people.
    public static func archive(_ number: UInt64) -> String { "archive-\(number)" }
    public static func members(_ generation: UInt64) -> String { "gen-\(generation)/members" }
    public static func catalogue(_ generation: UInt64) -> String { "gen-\(generation)/catalogue" }
    public static func logStart(_ generation: UInt64) -> String { "gen-\(generation)/log-start" }
    public static func log(_ generation: UInt64, segment: UInt64) -> String { "gen-\(generation)/log-\(segment)" }
    public static func conflicts(_ generation: UInt64, part: UInt64) -> String { "gen-\(generation)/conflicts-\(part)" }
    public static func checkpoint(_ generation: UInt64, table: TableName) -> String {
        "gen-\(generation)/\(checkpointPrefix)\(table.text)\(checkpointSuffix)"
    }

    static let checkpointPrefix = "table-"
    static let checkpointSuffix = ".ckpt"

    /// The directory part; "" for a name at the top.
    static func directory(of name: String) -> String {
        guard let slash = name.lastIndex(of: "/") else { return "" }
        return String(name[..<slash])
    }

    /// The number in `log-7`; nil when the name is not the prefix and a decimal number without leading zeros.
    static func number(in name: String, after prefix: String) -> UInt64? {
        guard name.hasPrefix(prefix), let number = UInt64(name.dropFirst(prefix.count)) else { return nil }
        return prefix + String(number) == name ? number : nil
    }

    /// The table in `table-NAME.ckpt`.
    static func table(inCheckpoint name: String) -> TableName? {
        guard name.hasPrefix(checkpointPrefix), name.hasSuffix(checkpointSuffix) else { return nil }
        return TableName(String(name.dropFirst(checkpointPrefix.count).dropLast(checkpointSuffix.count)))
    }
}
