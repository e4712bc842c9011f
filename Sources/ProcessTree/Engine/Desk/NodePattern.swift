/// Which nodes a word stands for: an address, a template for its instances, or a wildcard.
///
/// In a step `*` stands for any characters and `?` for one; `**` is any number of steps.
package struct NodePattern: Sendable {
  private let steps: [[Unicode.Scalar]]
  /// Whether it has a wildcard.
  package let isWild: Bool

  /// - Parameter text: The pattern; the slash before the first step may be left out.
  package init(_ text: String) {
    steps = Self.steps(of: text)
    isWild = text.unicodeScalars.contains { $0 == "*" || $0 == "?" }
  }

  /// Whether it stands for the node at an address.
  package func matches(_ address: String) -> Bool { matches(Self.steps(of: address)[...]) }

  /// Whether it stands for the node at an address or for one above it.
  package func covers(_ address: String) -> Bool {
    let steps = Self.steps(of: address)
    return (0...steps.count).contains { matches(steps[..<$0]) }
  }

  private static func steps(of text: String) -> [[Unicode.Scalar]] {
    text.split(separator: "/").map { Array($0.unicodeScalars) }
  }

  private func matches(_ address: ArraySlice<[Unicode.Scalar]>) -> Bool {
    Self.matches(steps[...], address, isMany: { $0 == ["*", "*"] }, isOne: Self.matchesStep)
  }

  private static func matchesStep(_ pattern: [Unicode.Scalar], _ step: [Unicode.Scalar]) -> Bool {
    matches(pattern[...], step[...], isMany: { $0 == "*" }, isOne: { $0 == "?" || $0 == $1 })
      || isInstance(step, of: pattern)
  }

  private static func isInstance(_ step: [Unicode.Scalar], of name: [Unicode.Scalar]) -> Bool {
    let rest = step.dropFirst(name.count)
    return step.starts(with: name) && rest.first == "-" && rest.count > 1
      && rest.dropFirst().allSatisfy { ("0"..."9").contains($0) }
  }

  /// Whether a pattern matches a text, in a time of at most the product of their lengths.
  private static func matches<Element>(
    _ pattern: ArraySlice<Element>, _ text: ArraySlice<Element>, isMany: (Element) -> Bool,
    isOne: (Element, Element) -> Bool
  ) -> Bool {
    var (place, position) = (pattern.startIndex, text.startIndex)
    // Where the last element for any number stands, and what it has taken.
    var last: (place: Int, position: Int)?
    while position < text.endIndex {
      if place < pattern.endIndex, isMany(pattern[place]) {
        last = (place, position)
        place += 1
      } else if place < pattern.endIndex, isOne(pattern[place], text[position]) {
        place += 1
        position += 1
      } else if let known = last {
        last = (known.place, known.position + 1)
        (place, position) = (known.place + 1, known.position + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy(isMany)
  }
}
