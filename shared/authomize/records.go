package authomize

// A Record is one thing to be posted. Posting it again replaces it, so it is
// always sent whole.
type Record interface {
	// Kind says which list the record belongs to.
	Kind() Kind
	// Key identifies it within its kind: the uniqueId, or the ids that it joins.
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

type (
	// UserStatus is the state of an account.
	UserStatus string
	// PrivilegeType classifies what a privilege allows.
	PrivilegeType string
	// Type is the sort of a service account, a grouping or an asset.
	Type string
)

// The values in use here. A VirtualGroup is shown in the access graph only.
const (
	StatusStaged    UserStatus = "Staged"
	StatusEnabled   UserStatus = "Enabled"
	StatusDisabled  UserStatus = "Disabled"
	StatusSuspended UserStatus = "Suspended"
	StatusUnknown   UserStatus = "Unknown"

	Administrative PrivilegeType = "Administrative"
	DataRead       PrivilegeType = "Data Read"
	DataUpdate     PrivilegeType = "Data Update"
	MetadataRead   PrivilegeType = "Metadata Read"
	MetadataWrite  PrivilegeType = "Metadata Write"
	MetadataUpdate PrivilegeType = "Metadata Update"

	CloudWorkload        Type = "CloudWorkload"
	ApplicationPrincipal Type = "ApplicationPrincipal"
	Group                Type = "Group"
	VirtualGroup         Type = "VirtualGroup"
	Application          Type = "Application"
	OtherAsset           Type = "Other"
)

// A Property is a customProperties entry.
type Property struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A User is a person's account. Times are RFC 3339 in UTC.
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

// A ServiceAccount is an account that no person holds.
type ServiceAccount struct {
	UniqueID    string     `json:"uniqueId"`
	OriginID    string     `json:"originId,omitzero"`
	Type        Type       `json:"type,omitzero"`
	Name        string     `json:"name,omitzero"`
	Status      UserStatus `json:"status,omitzero"`
	Description string     `json:"description,omitzero"`
	Owner       string     `json:"owner,omitzero"` // uniqueId of a user
	Tags        []string   `json:"tags,omitempty"`
}

// A ServiceUser is a service account that is posted as a user, for an Authomize
// that takes only users into groupings.
type ServiceUser struct{ User }

// A Grouping holds accounts and other groupings.
type Grouping struct {
	UniqueID        string   `json:"uniqueId"`
	OriginID        string   `json:"originId,omitzero"`
	Name            string   `json:"name"`
	OriginType      string   `json:"originType,omitzero"`
	Type            Type     `json:"type,omitzero"`
	IsRole          bool     `json:"isRole"`
	Tags            []string `json:"tags,omitempty"`
	AlternativeName string   `json:"alternativeName,omitzero"`
}

// A Privilege is an ability. Exactly one of PrivilegeType and Type is set.
type Privilege struct {
	UniqueID      string        `json:"uniqueId"`
	OriginID      string        `json:"originId,omitzero"`
	OriginName    string        `json:"originName"`
	PrivilegeType PrivilegeType `json:"privilegeType,omitzero"`
	Type          string        `json:"type,omitzero"` // the deprecated enum; only it has the value "Use"
}

// An Asset is a thing that access is to.
type Asset struct {
	UniqueID    string   `json:"uniqueId"`
	OriginID    string   `json:"originId,omitzero"`
	Name        string   `json:"name"`
	Type        Type     `json:"type,omitzero"`
	OriginType  string   `json:"originType,omitzero"`
	CreatedAt   string   `json:"createdAt,omitzero"`
	Description string   `json:"description,omitzero"`
	Href        string   `json:"href,omitzero"`
	Tags        []string `json:"tags,omitempty"`
}

// A tie joins two records; K makes it a kind of its own.
type tie[K interface{ kind() Kind }] struct {
	SourceID string `json:"sourceId"`
	TargetID string `json:"targetId"`
}

func (tie[K]) Kind() Kind { return (*new(K)).kind() }

func (t tie[K]) Key() string { return t.SourceID + " " + t.TargetID }

type (
	// A PrivilegeGrant says that the source, a privilege, contains the target.
	PrivilegeGrant = tie[grant]
	// An AssetInheritance passes access from the source, an asset, to the target.
	AssetInheritance = tie[inheritance]
	// A GroupingAssociation puts the source, a grouping, into the target.
	GroupingAssociation = tie[nesting]
	// An AccountAssociation puts the source, an account, into the target, a grouping.
	AccountAssociation = tie[membership]
)

type grant struct{}

type inheritance struct{}

type nesting struct{}

type membership struct{}

func (grant) kind() Kind { return PrivilegeGrants }

func (inheritance) kind() Kind { return AssetInheritances }

func (nesting) kind() Kind { return GroupingAssociations }

func (membership) kind() Kind { return AccountAssociations }

// A Permission lets a grouping use a privilege on an asset, or without AssetID
// on the whole app.
type Permission struct {
	SourceUniqueID string `json:"sourceUniqueId"`
	SourceType     string `json:"sourceType"` // always FromGrouping here
	PrivilegeID    string `json:"privilegeId"`
	AssetID        string `json:"assetId,omitzero"`
	IsRole         bool   `json:"isRole"`
	// EscalationPathPossible tells that it leads to more than it gives.
	EscalationPathPossible bool     `json:"escalationPathPossible,omitzero"`
	Tags                   []string `json:"tags,omitempty"`
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
func (r Permission) Key() string { return r.SourceUniqueID + " " + r.PrivilegeID + " " + r.AssetID }

// envelope is how many bytes a request has besides its items and commas.
const envelope = len(`{"data":[]}`)
