import ClusterModel
import WireFormat

extension ForeignOpening {
    /// What spoke to the port instead of this protocol, in words for the log (FRM-003).
    static func describe(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(16).map { (32..<127).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
        switch ForeignOpening(bytes.span) {
        case .http:
            return "an HTTP request ('\(text)…'); this port speaks the tablewire protocol, the HTTP address is set by --http"
        case .tls where bytes.first == 0x15:
            return "a TLS alert, so it takes links with TLS only; give --tls-certificate, --tls-key and --tls-authorities"
        case .tls: return "a TLS hello; this port is not configured for TLS"
        case .translatedPreface: return "a tablewire preface damaged on the way: line ends or NUL bytes were changed"
        case .frame: return "tablewire frames without a preface"
        case .text where text.hasPrefix("*"): return "a Redis client ('\(text)…')"
        case .text: return "text ('\(text)'), which is not the tablewire protocol"
        case .unknown: return "'\(text)', which is not the tablewire protocol"
        }
    }
}
