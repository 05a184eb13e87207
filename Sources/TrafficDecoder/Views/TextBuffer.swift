/// Text on its way out: bytes in memory of its own, appended without checks of uniqueness for each.
@safe
struct TextBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private(set) var count = 0
    private var capacity: Int

    init(capacity: Int = 64 * 1024) {
        self.capacity = capacity
        unsafe base = .allocate(capacity: capacity)
    }

    deinit { unsafe base.deallocate() }

    /// The text, for as long as `use` runs.
    func withSpan<R>(_ use: (Span<UInt8>) -> R) -> R {
        unsafe use(Span(_unsafeStart: base, count: count))
    }

    var bytes: [UInt8] { withSpan { [UInt8](copying: $0) } }

    mutating func removeAll() { count = 0 }

    /// Cuts back to what was there before.
    mutating func cut(to count: Int) {
        precondition(count <= self.count)
        self.count = count
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { grow(more) }
    }

    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        unsafe memory.update(from: base, count: count)
        unsafe base.deallocate()
        unsafe base = memory
        capacity = larger
    }

    // MARK: Appending

    @inline(__always)
    mutating func write(byte: UInt8) {
        reserve(1)
        unsafe base[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func write(_ text: StaticString) {
        let size = text.utf8CodeUnitCount
        reserve(size)
        unsafe (base + count).update(from: text.utf8Start, count: size)
        count += size
    }

    mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { unsafe copy($0) }
    }

    mutating func write(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { unsafe copy($0) }
    }

    mutating func write(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe copy($0) }
    }

    private mutating func copy(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        reserve(bytes.count)
        unsafe (base + count).update(from: start, count: bytes.count)
        count += bytes.count
    }

    mutating func write(spaces: Int) {
        var left = spaces
        while left > 0 {
            write(byte: 0x20)
            left -= 1
        }
    }

    // MARK: Numbers

    mutating func write(decimal value: UInt64) { write(value, digits: Self.digits(of: value)) }

    /// Right-aligned.
    mutating func write(decimal value: UInt64, width: Int) {
        let digits = Self.digits(of: value)
        write(spaces: width - digits)
        write(value, digits: digits)
    }

    static func digits(of value: UInt64) -> Int {
        var digits = 1
        var limit: UInt64 = 10
        while value >= limit {
            digits += 1
            let (next, overflow) = limit.multipliedReportingOverflow(by: 10)
            if overflow { break }
            limit = next
        }
        return digits
    }

    /// With leading zeros, `digits` of them; higher ones are left out.
    @inline(__always)
    mutating func write(_ value: UInt64, digits: Int) {
        reserve(digits)
        var rest = value
        var place = count + digits - 1
        while place >= count {
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
            unsafe base[place] = 0x30 + UInt8(truncatingIfNeeded: remainder)
            rest = quotient
            place -= 1
        }
        count += digits
    }

    mutating func write(decimal value: Int64) {
        if value < 0 { write(byte: 0x2D) }
        write(decimal: value.magnitude)
    }

    /// Lower-case hex digits, two a byte of `width`.
    mutating func write(hex value: UInt64, width: Int) {
        reserve(width * 2)
        var shift = width * 8 - 4
        while shift >= 0 {
            unsafe base[count] = Self.hexDigit(UInt8(truncatingIfNeeded: value >> UInt64(shift)) & 15)
            count += 1
            shift -= 4
        }
    }

    mutating func write(hex bytes: Span<UInt8>) {
        reserve(bytes.count * 2)
        for index in bytes.indices {
            unsafe base[count] = Self.hexDigit(bytes[index] >> 4)
            unsafe base[count + 1] = Self.hexDigit(bytes[index] & 15)
            count += 2
        }
    }

    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

    // MARK: Times

    /// `2026-11-21T18:25:16`, UTC, of seconds since 1970.
    mutating func write(dateTime seconds: Int64) {
        let day = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400
        let second = UInt64(seconds - day * 86400)
        writeDate(day)
        write(byte: 0x54)
        write(second / 3600, digits: 2)
        write(byte: 0x3A)
        write(second / 60 % 60, digits: 2)
        write(byte: 0x3A)
        write(second % 60, digits: 2)
    }

    /// The Gregorian date of a day since 1970, by eras of 400 years that begin in March.
    private mutating func writeDate(_ day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        if year > 9999 { write(decimal: year) } else { write(UInt64(max(0, year)), digits: 4) }
        write(byte: 0x2D)
        write(UInt64(month), digits: 2)
        write(byte: 0x2D)
        write(UInt64(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1), digits: 2)
    }

    // MARK: Text of others

    /// A JSON string (RFC 8259); what is not UTF-8 as an object with its base64.
    mutating func write(json bytes: Span<UInt8>) {
        reserve(bytes.count + 2)
        let start = count
        write(byte: 0x22)
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte < 0x80, byte >= 0x20, byte != 0x22, byte != 0x5C else {
                cut(to: start)
                return writeUnusual(bytes)
            }
            unsafe base[count] = byte
            count += 1
        }
        write(byte: 0x22)
    }

    private mutating func writeEscape(_ byte: UInt8) {
        switch byte {
        case 0x22: write("\\\"")
        case 0x5C: write("\\\\")
        case 0x0A: write("\\n")
        case 0x0D: write("\\r")
        case 0x09: write("\\t")
        default:
            write("\\u00")
            write(hex: UInt64(byte), width: 1)
        }
    }

    private mutating func writeUnusual(_ bytes: Span<UInt8>) {
        let text = unsafe bytes.withUnsafeBufferPointer { unsafe String(validating: $0, as: UTF8.self) }
        guard let text else {
            write("{\"base64\":\"")
            write(base64: bytes)
            return write("\"}")
        }
        write(byte: 0x22)
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x22 || byte == 0x5C { writeEscape(byte) } else { write(byte: byte) }
        }
        write(byte: 0x22)
    }

    /// RFC 4648, with padding.
    private mutating func write(base64 bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count {
            let left = min(3, bytes.count - index)
            var group: UInt32 = 0
            for place in 0..<3 { group = group << 8 | (place < left ? UInt32(bytes[index + place]) : 0) }
            for place in 0..<4 {
                let digit = UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 63
                write(byte: place <= left ? Self.base64Digit(digit) : 0x3D)
            }
            index += 3
        }
    }

    private static func base64Digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: 0x41 + value
        case 26..<52: 0x61 + value - 26
        case 52..<62: 0x30 + value - 52
        default: value == 62 ? 0x2B : 0x2F
        }
    }
}
