//! What takes which role in a room, as JSON.

use serde::{Serialize, Serializer};

use crate::model::Permissions;

/// Each thing that can be done, with the least role that may: `{"send": "MEMBER", …}`.
#[derive(Debug)]
pub(crate) struct PermissionsJson(pub(crate) Permissions);

impl Serialize for PermissionsJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

#[cfg(feature = "openapi")]
mod schema {
    use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema, Type};
    use utoipa::{PartialSchema, ToSchema};

    use super::PermissionsJson;
    use crate::model::{Permissions, Role};

    impl PartialSchema for PermissionsJson {
        fn schema() -> RefOr<Schema> {
            let text = "What can be done in the room, each with the least role that may.";
            let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(text));
            let role = || Ref::from_schema_name(Role::name());
            let all = Permissions::default();
            all.iter().fold(object, |object, (word, _)| object.property(word, role()).required(word)).into()
        }
    }

    impl ToSchema for PermissionsJson {
        fn name() -> std::borrow::Cow<'static, str> {
            "Permissions".into()
        }

        fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((Role::name().into_owned(), Role::schema()));
        }
    }
}
