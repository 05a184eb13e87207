// WireFormatTests
