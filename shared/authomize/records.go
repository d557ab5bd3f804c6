package authomize

// A Kind is one sort of record, named as in reports and answers.
type Kind string

// The kinds of records, in the order of posting: a record may only refer to
// records of kinds before its own.
const (
	Users                Kind = "users"
	ServiceAccounts      Kind = "serviceAccounts"
	Groupings            Kind = "groupings"
	Privileges           Kind = "privileges"
	Assets               Kind = "assets"
	PrivilegeGrants      Kind = "privilegeGrants"
	AssetInheritances    Kind = "assetInheritance"
	GroupingAssociations Kind = "groupingAssociations"
	AccountAssociations  Kind = "accountAssociations"
	Permissions          Kind = "permissions"
)

// Kinds lists every kind in the order of posting.
var Kinds = []Kind{
	Users, ServiceAccounts, Groupings, Privileges, Assets,
	PrivilegeGrants, AssetInheritances, GroupingAssociations, AccountAssociations, Permissions,
}

// A Record is one thing to be posted. Posting it again replaces it, so it is
// always sent whole.
type Record interface {
	// Kind says which list the record belongs to.
	Kind() Kind
	// Key identifies the record among those of its kind: the uniqueId, or for
	// kinds without one the tuple that is their identity.
	Key() string
}

// Limits of the API (Authomize OpenAPI 4.6.8).
const (
	MaxItems            = 10_000    // records a request
	MaxBodyBytes        = 1_000_000 // bytes a request, exclusive; not said whether 10^6 or 2^20
	MaxPropertyRunes    = 64        // customProperties[].value
	MaxAlternativeRunes = 256       // grouping alternativeName
	MaxDescriptionRunes = 512       // asset description
)

// A Property is a customProperties entry; Value holds at most
// MaxPropertyRunes runes.
type Property struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A User is a person's account (POST accounts/users). Times are RFC 3339 in UTC.
type User struct {
	UniqueID         string     `json:"uniqueId"`
	OriginID         string     `json:"originId,omitzero"`
	Name             string     `json:"name,omitzero"`
	Email            string     `json:"email,omitzero"`
	FirstName        string     `json:"firstName,omitzero"`
	LastName         string     `json:"lastName,omitzero"`
	Status           UserStatus `json:"status,omitzero"`
	Title            string     `json:"title,omitzero"`
	IsExternal       bool       `json:"isExternal"`
	HasMFA           *bool      `json:"hasMFA,omitzero"`
	LastLoginAt      string     `json:"lastLoginAt,omitzero"`
	Tags             []string   `json:"tags,omitempty"`
	CustomProperties []Property `json:"customProperties,omitempty"`
}

// UserStatus is the state of an account.
type UserStatus string

// The user statuses that Authomize knows.
const (
	StatusStaged    UserStatus = "Staged"
	StatusEnabled   UserStatus = "Enabled"
	StatusDisabled  UserStatus = "Disabled"
	StatusSuspended UserStatus = "Suspended"
	StatusUnknown   UserStatus = "Unknown"
)

// A ServiceAccount is an account that no person holds
// (POST accounts/nonHumanIdentities).
type ServiceAccount struct {
	UniqueID    string             `json:"uniqueId"`
	OriginID    string             `json:"originId,omitzero"`
	Type        ServiceAccountType `json:"type,omitzero"`
	Name        string             `json:"name,omitzero"`
	Status      UserStatus         `json:"status,omitzero"`
	Description string             `json:"description,omitzero"`
	Tags        []string           `json:"tags,omitempty"`
}

// A ServiceUser is a service account that is posted as a user
// (POST accounts/users), for an Authomize that takes only users into groupings.
type ServiceUser struct{ User }

// ServiceAccountType is the sort of a service account.
type ServiceAccountType string

// The service account types in use here.
const (
	CloudWorkload        ServiceAccountType = "CloudWorkload"
	ApplicationPrincipal ServiceAccountType = "ApplicationPrincipal"
)

// A Grouping holds accounts and other groupings (POST access/grouping).
type Grouping struct {
	UniqueID        string       `json:"uniqueId"`
	OriginID        string       `json:"originId,omitzero"`
	Name            string       `json:"name"`
	OriginType      string       `json:"originType,omitzero"`
	Type            GroupingType `json:"type,omitzero"`
	IsRole          bool         `json:"isRole"`
	Tags            []string     `json:"tags,omitempty"`
	AlternativeName string       `json:"alternativeName,omitzero"`
}

// GroupingType says whether a grouping is one of the source or made by us.
type GroupingType string

// The grouping types. A VirtualGroup is shown in the access graph only.
const (
	Group        GroupingType = "Group"
	VirtualGroup GroupingType = "VirtualGroup"
)

// A Privilege is a named ability (POST privileges). Exactly one of
// PrivilegeType and Type is set.
type Privilege struct {
	UniqueID      string        `json:"uniqueId"`
	OriginID      string        `json:"originId,omitzero"`
	OriginName    string        `json:"originName"`
	PrivilegeType PrivilegeType `json:"privilegeType,omitzero"`
	// Type is the deprecated enum; only it has the value "Use".
	Type string `json:"type,omitzero"`
}

// PrivilegeType classifies what a privilege allows.
type PrivilegeType string

// The privilege types in use here.
const (
	Administrative PrivilegeType = "Administrative"
	DataRead       PrivilegeType = "Data Read"
	DataUpdate     PrivilegeType = "Data Update"
	MetadataRead   PrivilegeType = "Metadata Read"
	MetadataWrite  PrivilegeType = "Metadata Write"
	MetadataUpdate PrivilegeType = "Metadata Update"
)

// An Asset is a thing that access is to (POST assets).
type Asset struct {
	UniqueID    string    `json:"uniqueId"`
	OriginID    string    `json:"originId,omitzero"`
	Name        string    `json:"name"`
	Type        AssetType `json:"type,omitzero"`
	OriginType  string    `json:"originType,omitzero"`
	CreatedAt   string    `json:"createdAt,omitzero"`
	Description string    `json:"description,omitzero"`
	Href        string    `json:"href,omitzero"`
	Tags        []string  `json:"tags,omitempty"`
}

// AssetType is the sort of an asset.
type AssetType string

// The asset types in use here.
const (
	Application AssetType = "Application"
	OtherAsset  AssetType = "Other"
)

// A PrivilegeGrant says that one privilege contains another
// (POST privileges/grants).
type PrivilegeGrant struct {
	SourceID string `json:"sourceId"` // the privilege that contains
	TargetID string `json:"targetId"` // the privilege that is contained
}

// An AssetInheritance passes access from parent to child
// (POST assets/inheritance).
type AssetInheritance struct {
	SourceID string `json:"sourceId"` // parent
	TargetID string `json:"targetId"` // child
}

// A GroupingAssociation puts a grouping into a grouping
// (POST association/groupings).
type GroupingAssociation struct {
	SourceID string `json:"sourceId"` // member
	TargetID string `json:"targetId"` // container
}

// An AccountAssociation puts an account into a grouping
// (POST association/accounts).
type AccountAssociation struct {
	SourceID string `json:"sourceId"` // user or service account
	TargetID string `json:"targetId"` // grouping
}

// A Permission lets a grouping use a privilege on an asset, or without
// AssetID on the whole app (POST access/permissions).
type Permission struct {
	SourceUniqueID string `json:"sourceUniqueId"`
	SourceType     string `json:"sourceType"` // always FromGrouping here
	PrivilegeID    string `json:"privilegeId"`
	AssetID        string `json:"assetId,omitzero"`
	IsRole         bool   `json:"isRole"`
}

// FromGrouping is the source type of every permission we post: direct
// permissions of service accounts are undocumented.
const FromGrouping = "Grouping"

// Kind implements Record.
func (User) Kind() Kind { return Users }

// Kind implements Record.
func (ServiceAccount) Kind() Kind { return ServiceAccounts }

// Kind implements Record: it is a service account wherever it is posted.
func (ServiceUser) Kind() Kind { return ServiceAccounts }

// Kind implements Record.
func (Grouping) Kind() Kind { return Groupings }

// Kind implements Record.
func (Privilege) Kind() Kind { return Privileges }

// Kind implements Record.
func (Asset) Kind() Kind { return Assets }

// Kind implements Record.
func (PrivilegeGrant) Kind() Kind { return PrivilegeGrants }

// Kind implements Record.
func (AssetInheritance) Kind() Kind { return AssetInheritances }

// Kind implements Record.
func (GroupingAssociation) Kind() Kind { return GroupingAssociations }

// Kind implements Record.
func (AccountAssociation) Kind() Kind { return AccountAssociations }

// Kind implements Record.
func (Permission) Kind() Kind { return Permissions }

// Key implements Record.
func (r User) Key() string { return r.UniqueID }

// Key implements Record.
func (r ServiceAccount) Key() string { return r.UniqueID }

// Key implements Record.
func (r Grouping) Key() string { return r.UniqueID }

// Key implements Record.
func (r Privilege) Key() string { return r.UniqueID }

// Key implements Record.
func (r Asset) Key() string { return r.UniqueID }

// Key implements Record.
func (r PrivilegeGrant) Key() string { return r.SourceID + " " + r.TargetID }

// Key implements Record.
func (r AssetInheritance) Key() string { return r.SourceID + " " + r.TargetID }

// Key implements Record.
func (r GroupingAssociation) Key() string { return r.SourceID + " " + r.TargetID }

// Key implements Record.
func (r AccountAssociation) Key() string { return r.SourceID + " " + r.TargetID }

// Key implements Record.
func (r Permission) Key() string { return r.SourceUniqueID + " " + r.PrivilegeID + " " + r.AssetID }
