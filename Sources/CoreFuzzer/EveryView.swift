import Foundation
import PacketCapture
import TrafficDecoder

/// Everything that listens to a decoder of traffic, at once, and checks of what it says.
final class EveryView: TrafficObserver {
    private var outputs: [any FrameOutput] = []
    private let statistics = TrafficStatistics()
    private let extractor = VectorExtractor(frame: 2)
    private let filtered: any FrameOutput
    private var events = 0

    init(filter: Filter) {
        for form in [FrameForm.lines, .fields, .bytes, .json] {
            for showsValues in [false, true] {
                var options = ViewOptions()
                options.showsValues = showsValues
                options.clock = showsValues ? .utc : .relative
                outputs.append(
                    form.output(options, FrameSelection()) { text in
                        if form == .json { ShownText.checkJSON(text) } else { ShownText.check(text) }
                        return true
                    })
            }
        }
        var selection = FrameSelection()
        selection.filter = filter
        selection.last = 3
        filtered = FrameForm.lines.output(ViewOptions(), selection) { text in
            ShownText.check(text)
            return true
        }
        outputs.append(filtered)
    }

    func began(_ link: Link, at time: Timestamp) {
        for output in outputs { output.began(link, at: time) }
        statistics.began(link, at: time)
        extractor.began(link, at: time)
    }

    func frame(_ frame: borrowing CapturedFrame, body: Span<UInt8>, of link: Link) {
        for output in outputs { output.frame(frame, body: body, of: link) }
        statistics.frame(frame, body: body, of: link)
        extractor.frame(frame, body: body, of: link)
    }

    func event(_ event: TrafficEvent, _ direction: Direction, of link: Link, at time: Timestamp) {
        for output in outputs { output.event(event, direction, of: link, at: time) }
        statistics.event(event, direction, of: link, at: time)
        extractor.event(event, direction, of: link, at: time)
    }

    func finish(frames: Int) {
        for output in outputs { output.finish() }
        precondition(outputs.dropLast().allSatisfy { $0.selected == frames }, "a view left a frame out")
        precondition(filtered.selected <= frames && statistics.frames == frames, "frames from nowhere")
        ShownText.checkJSON(Array(statistics.json.utf8).span)
        ShownText.check(Array(statistics.report(coloured: false).utf8).span)
        if let vector = extractor.vector { ShownText.checkJSON(Array(vector.utf8).span) }
    }
}

/// What holds of everything that is shown.
enum ShownText {
    /// UTF-8 in lines, without a character that a terminal would obey.
    static func check(_ text: Span<UInt8>) {
        let isText = unsafe text.withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) != nil }
        precondition(isText, "no UTF-8")
        for index in text.indices {
            let byte = text[index]
            precondition(byte >= 0x20 && byte != 0x7F || byte == 0x0A, "a control character")
            precondition(byte != 0xC2 || text[index + 1] >= 0xA0, "a control character of ISO 6429")
        }
        precondition(text.isEmpty || text[text.count - 1] == 0x0A, "half a line")
    }

    /// Also an object of JSON in each line.
    static func checkJSON(_ text: Span<UInt8>) {
        check(text)
        var bytes: [UInt8] = []
        for index in text.indices { bytes.append(text[index]) }
        for line in bytes.split(separator: 0x0A) {
            let value = try? JSONSerialization.jsonObject(with: Data(line))
            precondition(value is [String: Any], "no JSON: \(String(decoding: line, as: UTF8.self))")
        }
    }
}
