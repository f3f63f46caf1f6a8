import { DirectiveLocation, GraphQLDirective, GraphQLInt, GraphQLList } from 'graphql'

/** Marks fields that are null only together with an error. Printed in the SDL; execution ignores it. */
export const semanticNonNullDirective = new GraphQLDirective({
  name: 'semanticNonNull',
  description:
    'The field is null only together with an error, at its own path or below. Its type is nullable so that one failure leaves the ' +
    'rest of the response. Relay, the mobile clients of Apollo and graphql-codegen can treat the field as non-null.',
  locations: [DirectiveLocation.FIELD_DEFINITION],
  args: {
    levels: {
      type: new GraphQLList(GraphQLInt),
      defaultValue: [0],
      description:
        'Levels of the type that are never null without an error: 0 is the field itself, 1 the items of its list.',
    },
  },
})

/** Options of a field that is null only together with an error. */
export const nullOnError = { nullable: true, extensions: { directives: { semanticNonNull: {} } } } as const
