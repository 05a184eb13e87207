import ClusterModel

/// Says in words what spoke to the port instead of this protocol (FRM-003).
enum Diagnosis {
    static func describe(firstBytes bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(16).map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        switch true {
        case ["GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PATC", "CONN", "PRI "].contains(String(text.prefix(4))):
            return "an HTTP request ('\(text)…'); this port speaks the tablewire protocol, the HTTP address is set by --http"
        case bytes.starts(with: [0x16, 0x03]):
            return "a TLS hello; this port is not configured for TLS"
        case text.hasPrefix("SSH-"):
            return "an SSH client"
        case bytes.first == UInt8(ascii: "*") || text.hasPrefix("PING") || text.hasPrefix("INFO"):
            return "a Redis client ('\(text)…')"
        case bytes.starts(with: Preface.magic.prefix(4)):
            return "a tablewire preface damaged on the way: line ends or NUL bytes were changed"
        default:
            return "'\(text)', which is not the tablewire protocol"
        }
    }
}
