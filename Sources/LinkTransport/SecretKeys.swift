import Crypto

/// The cluster's secret: one or more keys with ids, so that it can be rotated (LNK-031, SEC-010).
///
/// Text form: a line a key, `<id> <hex>`, or one line of hex alone, which is key 1. At least 64 hex digits (256 bits) a key;
/// empty lines and lines that start with `#` are skipped. The first key proves; every key is accepted.
public struct SecretKeys: Hashable, Sendable {
    public struct Key: Hashable, Sendable {
        public var id: UInt32
        public var bytes: [UInt8]
    }

    public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        public var line: Int
        public var problem: String
        public var description: String { "line \(line): \(problem)" }
    }

    public static let minimumBytes = 32

    /// At least one.
    public let keys: [Key]

    /// One fresh random key with id 1.
    public static func generate(using random: inout some RandomNumberGenerator) -> SecretKeys {
        let bytes = (0..<minimumBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        return SecretKeys(keys: [Key(id: 1, bytes: bytes)])
    }

    private init(keys: [Key]) { self.keys = keys }

    /// - Throws: the first line that is not a key and what is wrong with it. The error never holds secret text.
    public init(parsing text: String) throws(ParseError) {
        var keys: [Key] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            let id = words.count == 2 ? UInt32(first) : 1
            guard words.count <= 2, let id else {
                throw ParseError(line: index + 1, problem: "expected '<key id> <hex digits>' or hex digits alone")
            }
            guard let bytes = Self.bytes(hexadecimal: words[words.count - 1]) else {
                throw ParseError(line: index + 1, problem: "the key is not a whole number of hex byte pairs")
            }
            guard bytes.count >= Self.minimumBytes else {
                throw ParseError(
                    line: index + 1, problem: "the key has \(bytes.count) bytes, at least \(Self.minimumBytes) are needed")
            }
            guard !keys.contains(where: { $0.id == id }) else {
                throw ParseError(line: index + 1, problem: "key id \(id) stands twice")
            }
            keys.append(Key(id: id, bytes: bytes))
        }
        guard !keys.isEmpty else { throw ParseError(line: 1, problem: "there is no key in it") }
        self.keys = keys
    }

    /// The text form, ready for a file of mode 0600.
    public var text: String {
        keys.map { key in "\(key.id) " + key.bytes.map(Self.hexadecimal).joined() + "\n" }.joined()
    }

    func key(_ id: UInt32) -> SymmetricKey? {
        keys.first { $0.id == id }.map { SymmetricKey(data: $0.bytes) }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    private static func bytes(hexadecimal text: Substring) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
