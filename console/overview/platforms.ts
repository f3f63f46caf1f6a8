/** Colours of platforms, the same on every page. */
const tones: Readonly<Record<string, string>> = { ios: 'platform-ios', android: 'platform-android' }

export function toneOf(platform: string): string {
  return tones[platform.toLowerCase()] ?? 'platform-other'
}
