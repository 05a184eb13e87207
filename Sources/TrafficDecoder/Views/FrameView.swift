internal import PacketCapture

/// One way of showing frames. Appends to `out`, which somebody else empties.
protocol FrameView: ~Copyable {
    var out: TextBuffer { get set }
    mutating func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link)
    mutating func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp)
    mutating func began(_ link: Link, at time: Timestamp)
}

/// How times, colours and values are shown.
package struct ViewOptions: Sendable {
    package enum Clock: String, Sendable, CaseIterable {
        /// Seconds since the first packet of the capture.
        case relative
        /// Time of day, UTC.
        case utc
    }

    package var clock = Clock.relative
    package var isColoured = false
    /// Values of the application as they are; otherwise their length only.
    package var showsValues = false

    package init() {}
}

extension TextBuffer {
    /// A string in quotes with escapes as in JSON; bytes that are no text as `0x…`.
    mutating func write(quoted bytes: Span<UInt8>, most: Int = .max) {
        let shown = bytes.extracting(first: min(most, bytes.count))
        let isText = unsafe shown.withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) != nil }
        if isText {
            write(json: shown)
        } else {
            write("0x")
            write(hex: shown)
        }
        if shown.count < bytes.count { write("…") }
    }

    /// An id by its first 8 digits, as other programs of ours show it.
    mutating func write(shortID high: UInt64) { write(hex: high >> 32, width: 4) }

    /// `2026-11-21T18:25:16.611Z` of milliseconds since 1970.
    mutating func write(milliseconds: UInt64) {
        write(dateTime: Int64(clamping: milliseconds / 1000))
        write(byte: 0x2E)
        write(milliseconds % 1000, digits: 3)
        write(byte: 0x5A)
    }

    /// Seconds with six digits behind the point, right-aligned.
    mutating func write(seconds nanoseconds: Int64) {
        let microseconds = nanoseconds.magnitude / 1000
        let seconds = microseconds / 1_000_000
        write(spaces: 5 - Self.digits(of: seconds) - (nanoseconds < 0 ? 1 : 0))
        if nanoseconds < 0 { write(byte: 0x2D) }
        write(decimal: seconds)
        write(byte: 0x2E)
        write(microseconds % 1_000_000, digits: 6)
    }

    /// `18:25:16.611234` of nanoseconds since 1970.
    mutating func write(timeOfDay nanoseconds: Int64) {
        let day: Int64 = 86_400_000_000_000
        let rest = UInt64(((nanoseconds % day) + day) % day) / 1000
        write(rest / 3_600_000_000, digits: 2)
        write(byte: 0x3A)
        write(rest / 60_000_000 % 60, digits: 2)
        write(byte: 0x3A)
        write(rest / 1_000_000 % 60, digits: 2)
        write(byte: 0x2E)
        write(rest % 1_000_000, digits: 6)
    }
}

/// ANSI colours for people's terminals (ECMA-48).
enum Colour: String {
    case forward = "36"
    case backward = "32"
    case violation = "31;1"
    case gap = "33"
    case dim = "2"
}

/// What every line begins with: time, who to whom.
struct LineHead {
    let options: ViewOptions
    private var width = 9

    init(_ options: ViewOptions) { self.options = options }

    /// - Parameter number: of a frame; nil for what is none.
    mutating func write(
        _ number: Int?, _ link: Link, _ direction: Direction, at time: Timestamp, to out: inout TextBuffer
    ) {
        if let number { out.write(decimal: UInt64(number), width: 6) } else { out.write("     -") }
        out.write("  ")
        switch options.clock {
        case .relative: out.write(seconds: time.nanoseconds - link.captureStart.nanoseconds)
        case .utc: out.write(timeOfDay: time.nanoseconds)
        }
        out.write("  ")
        if options.isColoured { colour(direction == .forward ? .forward : .backward, &out) }
        let begin = out.count
        out.write(link.end(direction).label)
        out.write(byte: 0x3E)
        out.write(link.end(direction.opposite).label)
        let used = out.count - begin
        width = max(width, used)
        if options.isColoured { plain(&out) }
        out.write(spaces: width - used)
    }

    func colour(_ colour: Colour, _ out: inout TextBuffer) {
        guard options.isColoured else { return }
        out.write("\u{1B}[")
        out.write(colour.rawValue)
        out.write("m")
    }

    func plain(_ out: inout TextBuffer) {
        if options.isColoured { out.write("\u{1B}[0m") }
    }

    /// `  ! FRM-011 BAD_BODY: header.bodyCRC wrongChecksum`.
    func write(_ violations: [Violation], to out: inout TextBuffer) {
        for violation in violations {
            out.write("  ")
            colour(.violation, &out)
            out.write("! ")
            out.write(violation.description)
            plain(&out)
        }
    }

    /// A line for anything that is no frame.
    mutating func write(
        _ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp, to out: inout TextBuffer
    ) {
        guard event.isShown else { return }
        write(nil, link, direction, at: time, to: &out)
        out.write("  ")
        switch event {
        case .preface(let minimum, let maximum, let violation):
            out.write("PREFACE versions=")
            out.write(decimal: UInt64(minimum))
            out.write("..")
            out.write(decimal: UInt64(maximum))
            if let violation { write([violation], to: &out) }
        case .gap(let count):
            colour(.gap, &out)
            out.write("-- GAP: ")
            out.write(count.map { "\($0) bytes" } ?? "an unknown number of bytes")
            out.write(" are not in the capture")
            plain(&out)
        case .skipped(let count, let missing, let begin, let violation):
            colour(.gap, &out)
            var words = count > 0 ? ["\(count) bytes passed over up to the next frame"] : []
            if missing > 0 { words.append("\(missing) frames missing by their sequence") }
            out.write("-- " + words.joined(separator: ", "))
            plain(&out)
            if let violation {
                out.write(", beginning with ")
                out.write(quoted: begin.span)
                write([violation], to: &out)
            }
        case .ended(let end):
            colour(.dim, &out)
            out.write(end.words)
            plain(&out)
        }
        out.write(byte: 0x0A)
    }

    mutating func write(beginOf link: Link, at time: Timestamp, to out: inout TextBuffer) {
        colour(.dim, &out)
        out.write("-- link \(link.number): \(link.flow.first) > \(link.flow.second)")
        if !link.flow.isFromStart { out.write(", its beginning is not in the capture") }
        plain(&out)
        out.write(byte: 0x0A)
    }
}

extension TrafficEvent {
    /// The end of the capture is no event of the link.
    fileprivate var isShown: Bool {
        if case .ended(.captureEnded) = self { return false }
        return true
    }
}

extension FlowEnd {
    var words: String {
        switch self {
        case .finished: "-- end of stream (FIN)"
        case .reset: "-- connection reset (RST)"
        case .replaced: "-- a new connection took these ports"
        case .forgotten: "-- forgotten to make room for others"
        case .captureEnded: "-- end of capture"
        }
    }
}
