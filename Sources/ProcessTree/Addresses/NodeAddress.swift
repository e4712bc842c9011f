internal import ProcessTreeWire

/// Where any node of the tree finds another one, in all of its lives: the names from the root down.
///
/// Written with a slash before each step: `/shop/till`; the root is `/`. A supervised child is
/// found by its name, which is unique and stays through its restarts. Any other child is found by
/// its position among its siblings, with its name in front if it was given one: `/#2`, `/worker#3`.
/// In an address that a program makes, a name alone stands for such a child too, as long as no
/// sibling has the same name.
public struct NodeAddress: Hashable, Sendable {
  /// One step down the tree.
  public struct Step: Hashable, Sendable {
    /// The child's name; `nil` if its position alone names it.
    public let name: String?
    /// The child's position among its siblings, from 1 on; `nil` if its name alone names it.
    public let position: Int?
  }

  /// The steps from the root down; none for the root.
  public let steps: [Step]

  /// The address of the root.
  public static let root = Self(steps: [])

  init(steps: [Step]) { self.steps = steps }

  /// The address of the child of this name, below this node.
  public func child(_ name: String) -> Self {
    Self(steps: steps + [Step(name: name, position: nil)])
  }

  /// The address of the child at this position, below this node.
  public func child(at position: Int) -> Self {
    Self(steps: steps + [Step(name: nil, position: position)])
  }

  /// The address that a child gets: its name, if that is enough to find it.
  func child(_ name: String?, position: UInt32?) -> Self {
    Self(steps: steps + [Step(name: name, position: position.map { Int($0) })])
  }

  /// The address by positions alone.
  init(of path: NodePath) {
    self.init(steps: path.positions.map { Step(name: nil, position: Int($0)) })
  }

  /// The address of the parent; `nil` for the root.
  public var parent: Self? { steps.isEmpty ? nil : Self(steps: steps.dropLast()) }

  /// The steps from this node down to another; `nil` if that is not at or below it.
  func steps(downTo other: Self) -> [Step]? {
    other.steps.starts(with: steps) ? Array(other.steps.dropFirst(steps.count)) : nil
  }
}

extension NodeAddress.Step: LosslessStringConvertible {
  /// The name, the position, or both: `till`, `#2`, `worker#3`; in names, `#` is written `%23`, and
  /// `%` is written `%25`.
  public var description: String {
    (name.map(Self.escaped) ?? "") + (position.map { "#\($0)" } ?? "")
  }

  /// Reads a step; `nil` if this is none.
  public init?(_ description: String) {
    // By bytes: each child reads its address, and characters would take ten times as long.
    let hash = UInt8(ascii: "#")
    let parts = description.utf8.split(
      separator: hash, maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = parts.first else { return nil }
    var position: Int?
    if parts.count == 2 {
      guard let number = Self.number(parts[1]) else { return nil }
      position = number
    }
    guard !first.isEmpty else {
      guard position != nil else { return nil }
      self.init(name: nil, position: position)
      return
    }
    guard let name = Self.unescaped(Substring(first)) else { return nil }
    self.init(name: name, position: position)
  }

  /// The position that these digits are, if they are written as positions are.
  private static func number(_ digits: Substring.UTF8View) -> Int? {
    // Ten digits are enough for 32 bits.
    guard digits.first != UInt8(ascii: "0"), (1...10).contains(digits.count) else { return nil }
    var number = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number <= Int(UInt32.max) ? number : nil
  }

  private static func escaped(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
      switch character {
      case "#": text += "%23"
      case "%": text += "%25"
      default: text.unicodeScalars.append(character)
      }
    }
    return text
  }

  private static func unescaped(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
    var name = String.UnicodeScalarView()
    var rest = text.unicodeScalars[...]
    while let next = rest.popFirst() {
      guard next == "%" else {
        name.append(next)
        continue
      }
      switch (rest.popFirst(), rest.popFirst()) {
      case ("2", "3"): name.append("#")
      case ("2", "5"): name.append("%")
      default: return nil
      }
    }
    return String(name)
  }
}

extension NodeAddress: LosslessStringConvertible {
  /// The steps with a slash before each; `/` for the root.
  public var description: String {
    guard !steps.isEmpty else { return "/" }
    // Each child writes its own: joining a list would have the runtime look for conformances.
    var text = ""
    for step in steps { text += "/" + step.description }
    return text
  }

  /// Reads an address such as `/shop/till`; `nil` if this is none.
  public init?(_ description: String) {
    guard description.utf8.first == UInt8(ascii: "/") else { return nil }
    guard description != "/" else {
      self = .root
      return
    }
    let texts = description.utf8.dropFirst().split(
      separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard texts.count <= NodePath.maximumDepth else { return nil }
    var steps: [Step] = []
    for text in texts {
      guard let step = Step(String(Substring(text))) else { return nil }
      steps.append(step)
    }
    self.init(steps: steps)
  }
}

extension NodeAddress: Codable {
  /// Reads the text of an address.
  ///
  /// - Throws: A `DecodingError` if the text is no address.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = Self(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\(text.quotation.debugDescription) is no address")
    }
    self = address
  }

  /// Writes the text of the address.
  ///
  /// - Throws: An `EncodingError` of the encoder.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
