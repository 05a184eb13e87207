public import ClusterModel

/// How the bytes of a link ended.
public enum LinkEnd: Hashable, Sendable, CustomStringConvertible {
    case finished
    case reset
    /// TLS could not be set up, or ended with an error: in words, where "it" is the peer.
    case tls(String)
    case failed(String)

    public var description: String {
        switch self {
        case .finished: "the peer closed the connection"
        case .reset: "the connection was reset"
        case .tls(let text): "no TLS: \(text)"
        case .failed(let text): text
        }
    }
}

/// What the peer did wrong, and the CLOSE that it deserves.
public struct LinkViolation: Error, Hashable, Sendable {
    public var close: Close
    /// For the log: what arrived instead, such as "an HTTP request".
    public var diagnosis: String

    public init(close: Close, diagnosis: String) {
        self.close = close
        self.diagnosis = diagnosis
    }
}

/// Whoever owns a link: a node or a client. Called on the link's event loop, in the order of arrival.
public protocol LinkDelegate: AnyObject {
    func link(_ link: LinkHandler, received preface: Preface)
    /// AUTH arrived; `isValid` says whether the peer knows a key.
    func link(_ link: LinkHandler, received auth: Auth, isValid: Bool)
    /// Any other message. AUTH and CREDIT do not come here.
    func link(_ link: LinkHandler, received message: Message, stream: UInt32)
    /// A frame of an unknown odd type was skipped (EXT-001).
    func link(_ link: LinkHandler, skipped header: FrameHeader)
    func link(_ link: LinkHandler, violated violation: LinkViolation)
    /// The connection is over. Nothing else comes after this.
    func link(_ link: LinkHandler, ended end: LinkEnd)
    /// Something waits to be written: `flush` is to be called before the loop's turn ends, once for all that is said in it.
    func linkHasOutput(_ link: LinkHandler)
    /// Little is left of what was queued on lanes 2 and 3: the socket takes more.
    func linkDrained(_ link: LinkHandler)
}
