/// Why a proxy cannot work at all.
public enum ProxyError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknownHost(SocketName, reason: String)
    case addressInUse(SocketName)
    case noPermission(SocketName)
    case cannotListen(SocketName, code: Int32)
    /// What it accepts would be passed to itself, without end.
    case pointsToItself(SocketName)
    case system(code: Int32)

    public var description: String {
        switch self {
        case .unknownHost(let name, let reason): "\(name): \(reason)"
        case .addressInUse(let name): "\(name) is taken by another program; listen on another port, or on port 0 for a free one"
        case .noPermission(let name): "\(name): not permitted; ports below 1024 need a privilege, choose another"
        case .cannotListen(let name, let code): "cannot listen on \(name) (\(SystemText.of(code)))"
        case .pointsToItself(let name): "\(name) is where the proxy itself listens; listen elsewhere than at the target"
        case .system(let code): "the system has no room for a proxy (\(SystemText.of(code)))"
        }
    }
}

/// What happened to one connection that whoever runs the proxy should know.
public enum ProxyNotice: Hashable, Sendable, CustomStringConvertible {
    /// The target did not take it, so it was reset. `code` is the `errno`.
    case targetFailed(client: Endpoint, target: Endpoint, code: Int32)
    /// As many connections as are allowed: the next ones wait until one of these ends.
    case full(limit: Int)
    /// A connection broke for another reason than a reset.
    case broken(client: Endpoint, target: Endpoint, code: Int32)
    /// The system does not let it accept; tried again when a connection ends.
    case cannotAccept(code: Int32)

    public var description: String {
        switch self {
        case .targetFailed(let client, let target, let code):
            "\(client) was reset: no connection to \(target) (\(SystemText.of(code)))"
        case .full(let limit): "\(limit) connections are open, others wait until one ends"
        case .broken(let client, let target, let code): "\(client) and \(target) were parted (\(SystemText.of(code)))"
        case .cannotAccept(let code): "no further connection is accepted for now (\(SystemText.of(code)))"
        }
    }
}
