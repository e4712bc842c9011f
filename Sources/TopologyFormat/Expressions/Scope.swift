/// What expressions of a file can refer to.
struct Scope {
  let variables: Variables
  var directory: String
  var runName: String
  /// The name and the place of the node that the value belongs to.
  var node: String?
  var address = ""
  /// Whether the node has a number of instances.
  var hasInstances = false
  /// Whether the value may be secret.
  var allowsSecrets = false
}

/// The variables of a file, which are evaluated when they are first used.
final class Variables {
  struct Variable {
    var place: Place
    var value: Value?
    var isSecret = false
    var isRequired = false
    var isGiven = false
    /// Whether its value is text whose expressions mean nothing.
    var isText = false
  }

  /// The environment of the tool.
  let environment: [String: String]
  /// Whether an unset variable of the environment counts as given.
  let isWithoutEnvironment: Bool
  private(set) var table: [String: Variable] = [:]
  private(set) var used: Set<String> = []
  /// The scalars of variables that have been used before; nil for those that are unset.
  private(set) var evaluated: [String: Scalar?] = [:]
  private(set) var beingEvaluated: [String] = []

  init(environment: [String: String], isWithoutEnvironment: Bool) {
    self.environment = environment
    self.isWithoutEnvironment = isWithoutEnvironment
  }

  func declare(_ name: String, _ variable: Variable) { table[name] = variable }

  func give(_ name: String, _ value: Value, isText: Bool = false) {
    table[name]?.value = value
    table[name]?.isGiven = true
    table[name]?.isText = isText
  }

  func use(_ name: String) { used.insert(name) }

  /// The scalar of a variable, by `evaluate` at its first use; nil for one that is unset.
  func scalar(
    _ name: String, _ evaluate: (Value) throws(ExpressionError) -> Scalar?
  ) throws(ExpressionError) -> Scalar? {
    guard let variable = table[name] else { return nil }
    guard !beingEvaluated.contains(name), beingEvaluated.count < 64 else {
      let circle = (beingEvaluated.drop { $0 != name } + [name]).joined(separator: " → ")
      throw ExpressionError(offset: 0, message: "the variable refers to itself: \(circle).")
    }
    beingEvaluated.append(name)
    defer { beingEvaluated.removeLast() }
    var scalar: Scalar?
    if let value = variable.value {
      scalar = variable.isText ? value.scalar : try evaluate(value)
    }
    if variable.isSecret { scalar?.isSecret = true }
    evaluated[name] = .some(scalar)
    return scalar
  }
}
