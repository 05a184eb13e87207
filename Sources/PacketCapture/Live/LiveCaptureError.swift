/// Why packets cannot be captured, or no longer.
public enum LiveCaptureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// With the names of those there are.
    case noSuchInterface(String, there: [String])
    /// The program has no right to it.
    case notPermitted(program: String)
    case interfaceDown(String)
    /// The system is not Linux, or its kernel was built without this.
    case notSupported
    case system(operation: String, code: Int32)

    public var description: String {
        switch self {
        case .noSuchInterface(let name, let there):
            "there is no interface '\(name)'; there are any, \(there.joined(separator: ", "))"
        case .notPermitted(let program):
            "capturing needs CAP_NET_RAW: run it as root, or once: sudo setcap cap_net_raw+ep \(program)"
                + " (or use 'wiredump proxy', which needs no right)"
        case .interfaceDown(let name): "the interface \(name) is down: ip link set \(name) up"
        case .notSupported: "this system cannot capture packets: it needs Linux with AF_PACKET; use tcpdump and read its file"
        case .system(let operation, let code): "capturing failed: \(operation) (\(SystemText.of(code)))"
        }
    }
}
