/// Every case of the suite, by area.
package enum Catalogue {
    package static let all: [Case] = framing + replicated
}
