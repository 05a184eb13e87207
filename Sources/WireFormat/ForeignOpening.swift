/// What seems to have dialled us when the first bytes are no preface: for one line in the log, never for a decision (FRM-003).
public enum ForeignOpening: String, Hashable, Sendable, CaseIterable {
    /// A TLS ClientHello, or the alert that answers what is no TLS: the peer uses TLS and we do not.
    case tls
    /// A request line: a browser, a health check, a scraper.
    case http
    /// Printable text: a person or a line protocol.
    case text
    /// A preface of ours that something on the way has altered: a terminal, a 7-bit or line-ending translation.
    case translatedPreface
    /// Frames without a preface: a capture that is played back, or a broken node.
    case frame
    case unknown

    /// - Parameter bytes: the first bytes of the link, as many as there are.
    public init(_ bytes: Span<UInt8>) {
        let start = (0..<min(bytes.count, 16)).map { bytes[$0] }
        if start.starts(with: [0x16, 0x03]) || start.starts(with: [0x15, 0x03]) {
            self = .tls
        } else if start.starts(with: [0xD4, 0x57]) {
            self = .frame
        } else if start.dropFirst().starts(with: Array("TWR".utf8)), start[0] & 0x7F == 0x54 {
            self = .translatedPreface
        } else if Self.methods.contains(where: { start.starts(with: $0.utf8) }) {
            self = .http
        } else if !start.isEmpty, start.allSatisfy({ (0x20...0x7E).contains($0) || (0x09...0x0D).contains($0) }) {
            self = .text
        } else {
            self = .unknown
        }
    }

    private static let methods = ["GET ", "HEAD ", "POST ", "PUT ", "DELETE ", "OPTIONS ", "CONNECT ", "PATCH ", "PRI * HTTP"]
}
