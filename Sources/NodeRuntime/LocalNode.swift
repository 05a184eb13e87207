public import ClusterModel

/// A running node as code on its own event loop sees it: see `Node.perform`.
public struct LocalNode {
    private let core: NodeCore

    init(_ core: NodeCore) { self.core = core }

    /// Makes a call. `completion` gets every reply, the last one with `isLast`: before this returns when nothing has to be waited
    /// for, as with a read, or a write with acknowledgement `local` into a table that does not wait for the disk; else later, on
    /// the same event loop.
    public func call(_ call: Call, completion: @escaping (Reply) -> Void) {
        core.answer(call, to: Caller(reply: completion))
    }
}
