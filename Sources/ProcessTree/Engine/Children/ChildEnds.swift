internal import ProcessTreeProcessControl

/// The descriptors made for one child, until each has found its owner.
final class ChildEnds {
  /// How many there are for a moment, with the child's pidfd.
  static let descriptors = 7

  let childDescriptors: ChildDescriptors
  let outputReader: Int32
  let errorReader: Int32
  let deathPipe: Int32
  private var mine: Set<Int32>

  /// Makes them all, or none.
  ///
  /// - Parameter null: The null device, which all children share as their standard input.
  init(null: Int32) throws(ProcessControlError) {
    var made: [Int32] = []
    do throws(ProcessControlError) {
      let output = try Descriptors.makePipe()
      made += [output.first, output.second]
      let error = try Descriptors.makePipe()
      made += [error.first, error.second]
      let bootstrap = try Descriptors.makeSocketPair(.stream)
      made += [bootstrap.first, bootstrap.second]
      outputReader = output.first
      errorReader = error.first
      deathPipe = bootstrap.first
      childDescriptors = ChildDescriptors(
        standardInput: null, standardOutput: output.second, standardError: error.second,
        bootstrap: bootstrap.second)
      mine = Set(made)
    } catch {
      for descriptor in made { Descriptors.close(descriptor) }
      throw error
    }
  }

  func readersAreTaken() { mine.subtract([outputReader, errorReader]) }

  func deathPipeIsTaken() { mine.remove(deathPipe) }

  /// Closes what nobody has taken over; may be called again.
  func closeAll() {
    for descriptor in mine { Descriptors.close(descriptor) }
    mine = []
  }
}
