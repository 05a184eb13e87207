import ClusterModel
import ClusterStateMachine
import Logging

// What the state machine finds worth a line, in words and with the same keys everywhere.
extension NodeCore {
    func log(_ report: Report) {
        switch report {
        case .handshakeRefused(_, let peer, let from, let close):
            counters.linksRefused += 1
            bounded("handshake refused", .warning, peer.map { "\($0.name)" } ?? from, close)
        case .handshakeDropped(_, let from, let reason):
            counters.linksRefused += 1
            bounded("handshake dropped", .warning, from, nil, reason: reason)
        case .refusedByPeer(_, let node, let close, let isAuthenticated):
            let text = isAuthenticated ? "a peer refused this node" : "a peer refused the handshake"
            bounded(text, .warning, node.map(memberName) ?? "?", close)
        case .dialFailed(let node, let address, let reason, let attempt):
            guard attempt == 1 || attempt.isMultiple(of: 20) else { return }
            logger.info(
                "member cannot be reached",
                metadata: [
                    "peer": "\(memberName(node))", "address": "\(address)", "reason": "\(reason.text)", "attempt": "\(attempt)",
                ])
        case .linkRefused(_, let node, let close): bounded("link closed", .warning, memberName(node), close)
        case .suspected(let node, let cause, let helpers):
            counters.suspicions += 1
            logger.notice(
                "member suspected",
                metadata: [
                    "peer": "\(memberName(node))", "cause": "\(cause.text)",
                    "asked": "\(helpers.map(memberName).joined(separator: ","))",
                ])
        case .unreachableFromHere(let node, let helper):
            logger.notice(
                "member unreachable from here, but up",
                metadata: ["peer": "\(memberName(node))", "reached.by": "\(memberName(helper))"])
        case .declaredDown(let node, let by):
            logger.notice("member is down", metadata: ["peer": "\(memberName(node))", "declared.by": "\(memberName(by))"])
        case .recovered(let node): logger.notice("member is up again", metadata: ["peer": "\(memberName(node))"])
        case .refuted(let state, let by, let refutation):
            logger.notice(
                "this node was called \(state) and refuted it",
                metadata: ["by": "\(memberName(by))", "refutation": "\(refutation)"])
        case .nameConflict(let name, let first, let second):
            logger.error(
                "two nodes have one name: the later is refused",
                metadata: ["name": "\(name)", "first": "\(first)", "later": "\(second)"])
        case .late(let delay):
            logger.notice(
                "this node was not run for a while: suspicions are put off", metadata: ["late.ms": "\(delay.milliseconds)"])
        case .tooManyMembers(let node):
            logger.error(
                "member record ignored: the limit of members is reached",
                metadata: ["peer": "\(node)", "limit": "\(Limits.members)"])
        case .joiningExpired(let node): logger.notice("joining member expired", metadata: ["peer": "\(memberName(node))"])
        case .autocleaned(let node): logger.notice("member removed after being down", metadata: ["peer": "\(memberName(node))"])
        case .clockOffset(let node, let offset):
            logger.warning("a member's clock differs", metadata: ["peer": "\(memberName(node))", "offset.ms": "\(offset)"])
        }
    }

    func memberName(_ node: NodeID) -> String {
        machine.record(of: node).map { "\($0.name)" } ?? "\(node)"
    }

    /// The same refusal of the same peer is told once in ten seconds, with how often it happened since: nobody fills the log
    /// by knocking.
    private func bounded(_ text: String, _ level: Logger.Level, _ peer: String, _ close: Close?, reason: String? = nil) {
        let key = "\(text) \(reason ?? "") \(close?.code ?? 0)"
        let now = clock.elapsed
        if let last = lastReports[key], now - last.at < .seconds(10) {
            lastReports[key] = (last.at, last.suppressed + 1)
            return
        }
        var metadata: Logger.Metadata = ["peer": "\(peer)"]
        if let close {
            metadata["code"] = "\(ErrorCode(rawValue: close.code)?.name ?? "\(close.code)")"
            if !close.text.isEmpty { metadata["reason"] = "\(close.text)" }
        }
        if let reason { metadata["reason"] = "\(reason)" }
        if let last = lastReports[key], last.suppressed > 0 { metadata["times.before"] = "\(last.suppressed)" }
        if lastReports.count > 1000 { lastReports.removeAll() }
        lastReports[key] = (now, 0)
        logger.log(level: level, "\(text)", metadata: metadata)
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}

extension LinkDownReason {
    var text: String {
        switch self {
        case .ended(.eof): "the connection was closed"
        case .ended(.reset): "the connection was reset"
        case .ended(.error(let text)), .dialFailed(.other(let text)): text
        case .dialFailed(.refused): "connection refused"
        case .dialFailed(.timedOut): "no answer"
        case .closedByPeer(let close): "closed by the peer: \(close.words)"
        case .closedHere(let close): "closed here: \(close.words)"
        case .blocked: "cut off by node.block"
        }
    }
}

extension SuspicionCause {
    var text: String {
        switch self {
        case .linkLost(let reason): "link lost: \(reason.text)"
        case .silent(let time): "silent for \(time.milliseconds) ms"
        case .unanswered(let count): "\(count) heartbeats unanswered"
        case .unreachable(let reason): "no link: \(reason.text)"
        }
    }
}

extension Close {
    /// Code name and text, for people.
    var words: String {
        let name = ErrorCode(rawValue: code)?.name ?? "code \(code)"
        return text.isEmpty ? name : "\(name): \(text)"
    }
}
