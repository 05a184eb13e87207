public import ClusterModel
public import LinkTransport

/// Why a client could not connect or a call has no result. `description` is one line: what is wrong, then what to do.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nothing accepts connections at the address: `reason` is the system's word for it, such as "connection refused".
    case refused(Address, reason: String)
    /// The node did not answer in time; `activity` says what was being waited for.
    case timedOut(Address, activity: String)
    /// The node closed the link and said why.
    case closed(Address, Close)
    /// The connection ended without a CLOSE.
    case lost(Address, LinkEnd)
    /// There is no TLS with the other end, in words, where "it" is that end.
    case tls(Address, String)
    /// The node refused the call. The link lives on.
    case failed(code: ErrorCode, text: String)
    /// The other end does not keep the protocol, or speaks another one.
    case wire(Address, String)

    /// The registered code that the node gave, nil when the node said nothing.
    public var code: ErrorCode? {
        switch self {
        case .closed(_, let close): ErrorCode(rawValue: close.code)
        case .failed(let code, _): code
        case .refused, .timedOut, .lost, .tls, .wire: nil
        }
    }

    public var description: String {
        switch self {
        case .refused(let address, let reason):
            "cannot reach \(address) (\(reason)): is the node running? start it with 'tablewire node'"
        case .timedOut(let address, let activity):
            "\(address) did not answer in time while \(activity): the node hangs, is overloaded, or is not a tablewire node"
        case .closed(let address, let close):
            Self.describe(close, from: address)
        case .lost(let address, let end):
            "the link to \(address) broke (\(end)): the node may have stopped, its log says why"
        case .tls(let address, let text):
            "no TLS with \(address): \(text)"
        case .failed(let code, let text):
            text.isEmpty ? "the node refused the call with \(code.name)" : "\(text) (\(code.name))"
        case .wire(let address, let text):
            "\(address) does not speak this version of the tablewire protocol: \(text)"
        }
    }

    private static func describe(_ close: Close, from address: Address) -> String {
        let code = ErrorCode(rawValue: close.code)
        let name = code?.name ?? "code \(close.code)"
        let said = close.text.isEmpty ? name : "\(name): \(close.text)"
        return switch code {
        case .authenticationFailed:
            "\(address) does not know our secret (\(name)): use the secret file of its cluster"
        case .clockSkew:
            "\(address) refused the link (\(said)): set the clock of this machine or of that one"
        case .tooManyLinks, .busy:
            "\(address) takes no more links at the moment (\(said)): try again later"
        case .shuttingDown, .leaving, .joined:
            "\(address) closed the link (\(said)): the node is stopping or changing its cluster, try again"
        case .versionUnsupported:
            "\(address) speaks another version of the protocol (\(said)): use the client of that version"
        default:
            "\(address) closed the link (\(said))"
        }
    }
}
