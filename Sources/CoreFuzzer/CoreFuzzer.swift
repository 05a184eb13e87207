import Glibc

/// `CoreFuzzer decoders|table|capture|traffic|disk [libFuzzer's options and corpus directories]`: see CONTRIBUTING.md. In the package only when
/// TABLEWIRE_FUZZ is 1, because it needs libFuzzer. A finding is a crash: of a precondition here, or of what it feeds.
@main
enum CoreFuzzer {
    static func main() {
        var arguments = CommandLine.arguments
        guard arguments.count > 1, let entry = Entry(rawValue: arguments.remove(at: 1)) else {
            print("usage: CoreFuzzer \(Entry.allCases.map(\.rawValue).joined(separator: "|")) [options] [corpus directories]")
            exit(2)
        }
        // libFuzzer keeps pointers into these, so they live as long as the process.
        var strings = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var count = Int32(arguments.count)
        let status = unsafe strings.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            return unsafe runDriver(&count, &base, entry.test)
        }
        exit(status)
    }

    enum Entry: String, CaseIterable {
        case decoders
        case table
        case capture
        case traffic
        case disk

        var test: Test {
            switch self {
            case .decoders: unsafe decodeInput
            case .table: unsafe changeTable
            case .capture: unsafe readCapture
            case .traffic: unsafe showTraffic
            case .disk: unsafe showFile
            }
        }
    }
}

typealias Test = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ test: Test
) -> Int32

private func decodeInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    DecoderInput.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

private func changeTable(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    TableInput.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

private func readCapture(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    CaptureInput.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

private func showTraffic(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    TrafficInput.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

private func showFile(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    FileInput.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
