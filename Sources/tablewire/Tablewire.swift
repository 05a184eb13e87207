@main
struct Tablewire {
    static func main() {}
}
