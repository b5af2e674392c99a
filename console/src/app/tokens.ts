// Cloudscape's colours, radii and sizes, as CSS variables that are light or dark as the page is. Their names have a hash
// of the build of the components, so they come from the components themselves: the package of design tokens is of
// another build, and its variables would be unknown here.

export {
  borderRadiusContainer,
  borderRadiusInput,
  colorBackgroundContainerContent,
  colorBackgroundDropdownItemDefault,
  colorBackgroundDropdownItemHover,
  colorBackgroundInputDefault,
  colorBorderDividerDefault,
  colorBorderInputDefault,
  colorBorderItemFocused,
  colorChartsBlue1500,
  colorChartsGreen700,
  colorChartsLineGrid,
  colorChartsPurple500,
  colorChartsPurple700,
  colorChartsStatusHigh,
  colorChartsStatusMedium,
  colorChartsStatusPositive,
  colorTextBodyDefault,
  colorTextBodySecondary,
  colorTextInputPlaceholder,
  colorTextLinkDefault,
  colorTextStatusError,
  fontSizeBodyS,
} from "../../node_modules/@cloudscape-design/components/internal/generated/styles/tokens.js";
