import ArgumentParser
import Glibc
import PacketCapture
import ProgramTerminal
import TrafficDecoder

/// Exit codes beyond those that all programs have.
enum ExitStatus {
    static let violations: Int32 = 1
    static let unreadable: Int32 = 3
    static let lostPackets: Int32 = 4
}

/// Takes streams and shows on standard output what the options ask for.
final class Display {
    private let options: ShowOptions
    private let output = TextOutput()
    private let frames: (any FrameOutput)?
    private let statistics: TrafficStatistics?
    private let extractor: VectorExtractor?
    /// Where the streams go.
    let decoder: TrafficDecoder

    init(_ options: ShowOptions) throws {
        self.options = options
        let output = output
        extractor = options.extractVector.map { VectorExtractor(frame: $0) }
        if let extractor {
            (frames, statistics) = (nil, nil)
            decoder = TrafficDecoder(.everything, extractor)
        } else if options.stats {
            let statistics = TrafficStatistics()
            self.statistics = statistics
            frames = nil
            decoder = TrafficDecoder(options.check ? .everything : .frames, statistics)
        } else {
            let frames = options.form.output(options.view, try options.selection()) { output.write($0) }
            self.frames = frames
            statistics = nil
            decoder = TrafficDecoder(.everything, frames)
        }
    }

    /// Nothing more is wanted.
    var isDone: Bool { frames?.isDone ?? extractor?.isDone ?? false }

    /// Shows what was made so far, for live views.
    func flush() { frames?.flush() }

    /// The streams have ended.
    func finish() throws {
        frames?.finish()
        if options.count, let frames { output.write(Array("\(frames.selected)\n".utf8).span) }
        if let extractor, let number = options.extractVector {
            guard let vector = extractor.vector else {
                throw CommandError("frame \(number) \(extractor.problem ?? "is not in the capture, which has \(decoder.frames)")")
            }
            output.write(Array(vector.utf8).span)
        }
        if let statistics {
            let text = options.json ? statistics.json : statistics.report(coloured: options.view.isColoured)
            output.write(Array(text.utf8).span)
        }
        try output.check()
    }

    /// - Throws: the exit code for violations, when they are asked for.
    func check() throws {
        if options.check, decoder.violations > 0 { throw ExitCode(ExitStatus.violations) }
    }
}

/// Standard output for whole blocks of text; remembers when nobody reads it any more.
final class TextOutput {
    private var isClosed = false
    /// The system's words for a failure that is not a closed pipe.
    private var failure: String?

    /// - Returns: whether more is wanted.
    @discardableResult
    func write(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count, !isClosed, failure == nil {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = unsafe Glibc.write(STDOUT_FILENO, rest.baseAddress, rest.count)
                if count >= 0 {
                    written += count
                } else if errno == EPIPE {
                    isClosed = true
                } else if errno != EINTR {
                    failure = SystemError.text(errno)
                }
            }
        }
        return !isClosed && failure == nil
    }

    /// - Throws: when not everything could be written.
    func check() throws {
        if isClosed { throw Output.Closed() }
        if let failure { throw CommandError("cannot write to standard output (\(failure))") }
    }
}
