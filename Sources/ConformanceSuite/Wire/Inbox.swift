import NIOCore
import Synchronization

/// What has come and nobody has taken yet. One task takes; whoever takes waits a bounded time.
final class Inbox<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiter: CheckedContinuation<Element?, Never>?
        /// Which wait is under way: an old alarm must not end a new one.
        var wait = 0
    }

    private let state = Mutex(State())
    private let loop: any EventLoop

    init(on loop: any EventLoop) { self.loop = loop }

    func put(_ element: Element) {
        let waiter = state.withLock { state in
            guard let waiter = state.waiter.take() else {
                state.elements.append(element)
                return nil as CheckedContinuation<Element?, Never>?
            }
            return waiter
        }
        waiter?.resume(returning: element)
    }

    /// The next element, or nil when none came in time.
    func next(within time: Duration) async -> Element? {
        let alarm = Mutex<Scheduled<Void>?>(nil)
        let element = await withCheckedContinuation { continuation in
            let wait = state.withLock { state -> Int? in
                state.wait += 1
                guard state.elements.isEmpty else { return nil }
                state.waiter = continuation
                return state.wait
            }
            guard let wait else { return continuation.resume(returning: takeFirst()) }
            let scheduled = loop.scheduleTask(in: .nanoseconds(time.wholeNanoseconds)) { self.giveUp(wait) }
            alarm.withLock { $0 = scheduled }
        }
        alarm.withLock { $0?.cancel() }
        return element
    }

    private func takeFirst() -> Element? {
        state.withLock { $0.elements.isEmpty ? nil : $0.elements.removeFirst() }
    }

    private func giveUp(_ wait: Int) {
        let waiter = state.withLock { state in state.wait == wait ? state.waiter.take() : nil }
        waiter?.resume(returning: nil)
    }
}

extension Duration {
    var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }

    /// As people write it: `5.2 ms`, `1.25 s`.
    var text: String {
        let milliseconds = Double(wholeNanoseconds) / 1_000_000
        if milliseconds < 1000 { return "\((milliseconds * 10).rounded() / 10) ms" }
        return "\((milliseconds / 10).rounded() / 100) s"
    }
}
