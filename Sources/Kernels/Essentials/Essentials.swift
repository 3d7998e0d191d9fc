// Of Foundation what needs no localisation, where it stands apart.
#if canImport(FoundationEssentials)
  @_exported import FoundationEssentials
#else
  @_exported import Foundation
#endif
