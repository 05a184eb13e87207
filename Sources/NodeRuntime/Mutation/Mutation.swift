import ClusterModel

/// A deliberate fault of a node, by which the conformance suite shows that its cases can fail (`tablewire node --mutate ID`).
public struct Mutation: Sendable {
    /// For ever.
    public let id: String
    /// What the node does wrong.
    public let fault: String
    let rules: MutationRules

    init(_ id: String, _ fault: String, _ rules: MutationRules) {
        self.id = id
        self.fault = fault
        self.rules = rules
    }

    /// `none` is the way that mutations take, without a fault.
    public static func named(_ id: String) -> Mutation? {
        id == "none" ? Mutation(id, "none", MutationRules()) : all.first { $0.id == id }
    }
}

/// What a mutation changes; by itself nothing.
struct MutationRules: Sendable {
    /// Sent as soon as a connection is there.
    var greeting: [UInt8] = []
    var preface: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    var peerPreface: @Sendable ([UInt8]) -> [UInt8] = { $0 }
    /// Frames of the node, on their way to the peer.
    var outgoing: @Sendable (MutableFrame, LinkLife) -> [MutableFrame] = { frame, _ in [frame] }
    /// Frames of the peer, on their way to the node.
    var incoming: @Sendable (MutableFrame, LinkLife) -> [MutableFrame] = { frame, _ in [frame] }
    /// A direction is shut down when the node has said all.
    var finishes = true
    /// What a changed AUTH says is left as it is.
    var forgesProofs = false
    /// Every proof of a peer is taken for good.
    var believesProofs = false

    /// Changes messages of one kind that the node sends.
    static func sends(_ change: @escaping @Sendable (inout Message) -> Void) -> MutationRules {
        var rules = MutationRules()
        rules.outgoing = { frame, _ in
            guard let original = frame.message else { return [frame] }
            var message = original
            change(&message)
            guard message != original else { return [frame] }
            var frame = frame
            frame.replace(by: message)
            return [frame]
        }
        return rules
    }

    /// Never sends frames of these types.
    static func withholds(_ types: MessageType...) -> MutationRules {
        var rules = MutationRules()
        rules.outgoing = { frame, _ in frame.messageType.map(types.contains) == true ? [] : [frame] }
        return rules
    }

    /// Changes frames that the node sends, however wrong they become.
    static func writes(_ change: @escaping @Sendable (inout MutableFrame, LinkLife) -> Void) -> MutationRules {
        var rules = MutationRules()
        rules.outgoing = { frame, life in
            var frame = frame
            change(&frame, life)
            return [frame]
        }
        return rules
    }

    /// Mends what a peer does wrong, so that the node takes no notice of it.
    static func overlooks(_ change: @escaping @Sendable (inout MutableFrame, LinkLife) -> Void) -> MutationRules {
        var rules = MutationRules()
        rules.incoming = { frame, life in
            var frame = frame
            change(&frame, life)
            return [frame]
        }
        return rules
    }

    /// Does not hear frames of the peer.
    static func ignores(_ isIgnored: @escaping @Sendable (MutableFrame, LinkLife) -> Bool) -> MutationRules {
        var rules = MutationRules()
        rules.incoming = { frame, life in isIgnored(frame, life) ? [] : [frame] }
        return rules
    }
}

/// What a mutation may want to know of a link.
final class LinkLife {
    /// For mutations that count.
    var counter = 0
    /// For mutations that remember a frame.
    var kept: MutableFrame?
}
