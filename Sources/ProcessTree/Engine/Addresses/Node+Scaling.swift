internal import ProcessTreeLinks
internal import ProcessTreeWire

/// Why what a program scales by itself does not get a number.
package enum ScaleRefusal: Error {
  /// It never has another number than it has.
  case impossible(String)
  case outOfRange(String)
}

/// Names below a node that are no children, and what an operation does that scales one of them.
///
/// An object, so that it can be found again.
final class ScaledNames: Sendable {
  typealias Scale = @Sendable (String, Int) throws(ScaleRefusal) -> Void

  let names: Set<String>
  private let scale: Scale

  init(_ names: [String], _ scale: @escaping Scale) {
    self.names = Set(names)
    self.scale = scale
  }

  /// Whether a child of this name is one of a number that is scaled: `measure-1` of `measure`.
  func counts(_ child: String) -> Bool {
    guard let dash = child.lastIndex(of: "-") else { return false }
    return names.contains(String(child[..<dash])) && Int(child[child.index(after: dash)...]) != nil
  }

  func answer(_ name: String, _ count: Int) -> AddressAnswer {
    do throws(ScaleRefusal) {
      try scale(name, count)
      return .operated(OperationResult(.up))
    } catch {
      switch error {
      case .impossible(let reason): return .failed(.notPermitted, reason)
      case .outOfRange(let reason): return .failed(.outOfRange, reason)
      }
    }
  }
}

extension Node {
  /// Carries out operations that scale something below this node which is no child, while `body`
  /// runs.
  ///
  /// - Parameters:
  ///   - names: The names, which go before those of children.
  ///   - scale: Sets a number; called on the loop, where it does not wait.
  package func scaling<Value: Sendable>(
    _ names: [String], _ scale: @escaping @Sendable (String, Int) throws(ScaleRefusal) -> Void,
    during body: () async throws -> Value
  ) async throws -> Value {
    let scaled = ScaledNames(names, scale)
    try await runtime.run { $0.addresses.scales.append(scaled) }
    defer { runtime.perform { $0.addresses.scales.removeAll { $0 === scaled } } }
    return try await body()
  }
}
