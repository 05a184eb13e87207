internal import PacketCapture

/// How frames are shown.
package enum FrameForm: Sendable {
    /// One line a frame.
    case lines
    /// A line for each field.
    case fields
    /// The same with the bytes of each field.
    case bytes
    /// One JSON object a line.
    case json
}

/// Which frames are shown, and how many.
package struct FrameSelection: Sendable {
    package var filter: Filter?
    /// Stop after so many.
    package var first: Int?
    /// Only the last so many.
    package var last: Int?
    /// Show none, count them.
    package var countsOnly = false

    package init() {}
}

/// Shows the frames that are selected.
package protocol FrameOutput: TrafficObserver {
    /// Frames that were selected so far.
    var selected: Int { get }
    /// Nothing more is wanted: enough was shown, or nobody reads it.
    var isDone: Bool { get }
    /// Hands on what was made so far, as live views want after each packet.
    func flush()
    /// The capture has no more: shows what was kept for the end.
    func finish()
}

extension FrameForm {
    /// - Parameter write: takes text; false when nobody wants more of it.
    package func output(
        _ options: ViewOptions, _ selection: FrameSelection, write: @escaping (Span<UInt8>) -> Bool
    ) -> any FrameOutput {
        let schema = Schema.current
        return switch self {
        case .lines: FramePrinter(LineView(options, schema), selection, schema, write)
        case .fields: FramePrinter(FieldView(options, schema, showsBytes: false), selection, schema, write)
        case .bytes: FramePrinter(FieldView(options, schema, showsBytes: true), selection, schema, write)
        case .json: FramePrinter(JSONView(options, schema), selection, schema, write)
        }
    }
}

final class FramePrinter<View: FrameView & ~Copyable>: FrameOutput {
    /// Text is handed on in pieces of about this size.
    private static var blockSize: Int { 128 * 1024 }

    private let selection: FrameSelection
    private let write: (Span<UInt8>) -> Bool
    private var view: View
    private var run: FilterRun?
    /// The last frames that were selected; the oldest is at `oldest`.
    private var kept: [[UInt8]] = []
    private var oldest = 0
    private(set) var selected = 0
    private(set) var isDone = false
    /// Without a filter everything is shown, also what is no frame.
    private let showsEvents: Bool

    init(_ view: consuming View, _ selection: FrameSelection, _ schema: Schema, _ write: @escaping (Span<UInt8>) -> Bool) {
        self.view = view
        self.selection = selection
        self.write = write
        run = selection.filter.map { FilterRun($0, schema) }
        showsEvents = selection.filter == nil && selection.last == nil && !selection.countsOnly
    }

    func began(_ link: Link, at time: Timestamp) {
        guard showsEvents, !isDone else { return }
        view.began(link, at: time)
    }

    func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        guard showsEvents, !isDone else { return }
        view.event(event, direction, of: link, at: time)
        if view.out.count >= Self.blockSize { flush() }
    }

    func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        guard !isDone, run?.accepts(frame, body: body, of: link) ?? true else { return }
        selected += 1
        if !selection.countsOnly {
            view.frame(frame, body: body, of: link)
            if let last = selection.last { keep(last) } else if view.out.count >= Self.blockSize { flush() }
        }
        if let first = selection.first, selected >= first { isDone = true }
    }

    private func keep(_ most: Int) {
        let text = view.out.bytes
        view.out.removeAll()
        guard most > 0 else { return }
        if kept.count < most {
            kept.append(text)
        } else {
            kept[oldest] = text
            oldest = (oldest + 1) % most
        }
    }

    func flush() {
        guard view.out.count > 0 else { return }
        if !view.out.withSpan(write) { isDone = true }
        view.out.removeAll()
    }

    func finish() {
        for index in kept.indices {
            view.out.write(kept[(oldest + index) % kept.count])
            if view.out.count >= Self.blockSize { flush() }
        }
        kept = []
        flush()
    }
}
