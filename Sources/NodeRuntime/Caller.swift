import ClusterModel

/// Who waits for the answer to a call: a client link or code in this process.
struct Caller {
    /// Takes every reply; the last one has `isLast`.
    var reply: (Reply) -> Void
    /// For watches: identifies the caller so that a CANCEL or a lost link ends them.
    var watch: WatchKey?

    init(watch: WatchKey? = nil, reply: @escaping (Reply) -> Void) {
        self.watch = watch
        self.reply = reply
    }

    func succeed(_ result: Reply.Result) { reply(Reply(result)) }
    func fail(_ code: ErrorCode, _ text: String) { reply(Reply(failure: code, text)) }
}

/// One watch: the link that asked and its call id.
struct WatchKey: Hashable {
    var link: UInt64
    var stream: UInt32
}

/// A call that cannot be done: the code for programs and one line for people.
struct CallFailure: Error {
    var code: ErrorCode
    var text: String

    init(_ code: ErrorCode, _ text: String) {
        self.code = code
        self.text = text
    }
}
